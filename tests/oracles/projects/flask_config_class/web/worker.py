from web.app import celery, create_app

app = create_app()

import web.tasks  # noqa
