HOUR = 60 * 60
QUEUE = "proj-default"
