from .celery import app


@app.task
def charge(order_id, amount=0):
    return order_id


@app.task(bind=True, max_retries=5, default_retry_delay=30)
def refund(self, order_id, *, reason="none"):
    return order_id


@app.task(name="shop.mail", acks_late=False, rate_limit="10/m", ignore_result=True)
def send_mail(to, subject, *lines, html=False, **headers):
    return to
