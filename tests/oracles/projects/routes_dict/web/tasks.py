from app import app


@app.task
def ping():
    return 1


@app.task
def other():
    return 1


@app.task(name="elsewhere.task")
def elsewhere():
    return 1
