from svc.main import app


@app.task
def ping():
    return "pong"


@app.task(acks_late=False, priority=9)
def urgent(payload, /, retries=2):
    return payload
