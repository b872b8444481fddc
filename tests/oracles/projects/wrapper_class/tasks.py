from deco import instrumented_task


@instrumented_task(name="sentry.clean", queue="cleanup", time_limit=30)
def clean(days):
    return days


@instrumented_task("sentry.count")
def count():
    return 0
