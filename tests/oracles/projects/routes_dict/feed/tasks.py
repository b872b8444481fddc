from app import app


@app.task
def import_feed():
    return 1


@app.task
def urgent():
    return 1


@app.task(queue="own")
def own():
    return 1
