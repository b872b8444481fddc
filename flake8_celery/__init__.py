"""Static analysis of Celery projects, as a flake8 plugin and as a command of its own."""

__version__ = "0.1.0"
