"""What Celery is: its settings, options, names, schedules, brokers, serializers and signals.

Everything here is data about Celery and kombu, or a rule of theirs written down again. Nothing
here imports Celery, and nothing here knows about the project being linted.
"""
