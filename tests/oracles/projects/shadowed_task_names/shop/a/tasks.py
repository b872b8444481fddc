from shop.app import app


@app.task
def send(to):
    return to


@app.task(bind=True)
def retry(self, *args, **kwargs):
    return args
