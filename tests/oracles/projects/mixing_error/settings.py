task_serializer = "json"
result_expires = 3600
CELERYD_CONCURRENCY = 4
