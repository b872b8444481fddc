from celery import current_app

import building


def other():
    return {"c": {"task": "app.g", "schedule": 3.0}}


building.build = other
setattr(building, "routes", lambda: {"app.f": {"queue": "new"}})
