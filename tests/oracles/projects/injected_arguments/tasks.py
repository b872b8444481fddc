from deco import session_task


@session_task(queue="sessions")
def process(self, session, item_id):
    return item_id
