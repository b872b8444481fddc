"""Small projects that run, and what Celery says of them when it runs them."""
