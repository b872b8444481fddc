"""What remains of tasks that fail (CEL419)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..project.apps import App
from ..project.connections import broker_of
from ..project.tasks import Task
from ..project.values import surely, truth_of
from ..rule import PEDANTIC, Related, Report, report, rule
from .canvas import disabled, runs_eagerly
from .limits import known

if TYPE_CHECKING:
    from ..project import Project

#: What a file that speaks of Celery mentions where somebody hears of failures: handlers, queues
#: for dead letters, the services that collect errors.
HEARD_OF = """task_failure on_failure link_error on_error errback dead-letter dead_letter deadletter
DeadLetter dlx DLX dlq DLQ sentry raven rollbar newrelic bugsnag honeybadger elasticapm opbeat
ddtrace airbrake opentelemetry appsignal scout_apm AdminEmailHandler mail_admins""".split()


@rule(
    App,
    "CEL419",
    "celery-dead-letter-missing",
    PEDANTIC,
    says="`{task}` keeps no result and nothing handles `task_failure`: RabbitMQ drops the message "
    "of a task that fails, and only the worker's log tells of it",
)
def dead_letter_missing(app: App, project: Project) -> Iterator[Report]:
    """Failures that leave nothing but a line in a log."""
    if app.in_test or runs_eagerly(app) or broker_of(app.configuration) != "rabbitmq":
        return
    if any(project.mentions(word) for word in HEARD_OF):
        return
    tasks = [task for task in project.all(Task) if app in task.apps and not task.in_test]
    forgotten = [task for task in tasks if known(keeps_no_error, task, app)]
    if forgotten:
        related = [Related(task.where, "keeps no result") for task in forgotten[:5]]
        yield report(app.configuration.anchor, *related, task=forgotten[0].shown)


def keeps_no_error(task: Task, app: App) -> bool:
    """Whether the result backend certainly does not hear that a task has failed."""
    if task.option("backend") is not None:
        return False
    if disabled(app.configuration.get("result_backend")):
        return True
    stored = task.option("store_errors_even_if_ignored")
    if stored is not None and truth_of(stored) is not False:
        return False
    ignored = task.option("ignore_result")
    return ignored is not None and surely(ignored, bool)
