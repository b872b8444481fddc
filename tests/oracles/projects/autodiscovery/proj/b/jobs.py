from proj.celery import app


@app.task
def two():
    return 2
