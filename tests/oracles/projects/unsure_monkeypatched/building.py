def build():
    schedule = {}
    for name in ("a", "b"):
        schedule[name] = {"task": "app.f", "schedule": 1.0}
    return schedule


def routes():
    found = {}
    found["app.f"] = {"queue": "old"}
    return found
