from svc.app import app


@app.task(name="proxy.one")
def one(x):
    return x
