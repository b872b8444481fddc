from celery import Celery
from flask import Flask

celery = Celery("web")


def create_app(config_object="web.config.Config"):
    app = Flask("web")
    app.config.from_object(config_object)
    celery.config_from_object(app.config["CELERY"])
    return app
