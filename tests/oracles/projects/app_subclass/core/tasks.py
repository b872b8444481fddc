from core.celery import app


@app.task(name="core.explicit")
def explicit(a):
    return a


@app.task
def generated(a):
    return a
