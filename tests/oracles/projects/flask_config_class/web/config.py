class Config:
    CELERY = {
        "broker_url": "memory://",
        "result_backend": "cache+memory://",
        "task_routes": {"web.tasks.mail": {"queue": "mail"}},
    }
    DEBUG = False
