from lib import app as queue_app


@queue_app.task(bind=True)
def send(self, to, *, cc=()):
    return to


@queue_app.task(name="bounce")
def handle_bounce(message_id):
    return message_id
