from celery import Celery

from jobs import settings

app = Celery("jobs")
app.config_from_object(settings)


@app.task(name="jobs.run")
def run(job, *, force: bool = False):
    return job
