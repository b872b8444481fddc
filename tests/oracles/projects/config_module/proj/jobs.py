from proj.app import app


@app.task
def clean(days=30):
    return days


@app.task(rate_limit="1/s")
def sync():
    return None
