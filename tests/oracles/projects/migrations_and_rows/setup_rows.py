def forwards():
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    every, _ = IntervalSchedule.objects.get_or_create(every=10, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.update_or_create(
        name="row", defaults={"task": "app.f", "interval": every, "args": "[]"}
    )
