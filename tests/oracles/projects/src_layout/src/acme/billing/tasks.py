from acme.celery import app


@app.task
def invoice(customer_id: int, *, send: bool = True) -> None:
    return None


@app.task
def dunning(customer_id, level=1):
    invoice.delay(customer_id)
