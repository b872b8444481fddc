from app import app, plain


@app.on_after_configure.connect
def too_late(sender, **kwargs):
    sender.add_periodic_task(5.0, plain.s(), name="never")


@app.on_after_finalize.connect
def in_time(sender, **kwargs):
    sender.add_periodic_task(7.0, plain.s(), name="finalized")
