"""Priorities of messages: CEL413 and CEL415."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..project.apps import App
from ..project.connections import broker_of
from ..project.destination import destination_of
from ..project.dispatch import Dispatch
from ..project.routing import DeclaredQueue, queue_name, queues_in
from ..project.subject import Subject
from ..project.tasks import Task
from ..project.values import Const, Items, Mapping, Value
from ..rule import (
    CORRECTNESS,
    PREVIEW,
    SUSPICIOUS,
    Related,
    Report,
    Undecided,
    Where,
    report,
    rule,
)

if TYPE_CHECKING:
    from ..project import Project


class Priority(Subject):
    """A priority: a task's option, or a call's.

    `number` is it, None where it is not a known number; `sent` the task; `queue` the queue where
    one is named with it, "" where that is not known."""

    __slots__ = ("number", "queue", "sent")

    def __init__(
        self, project: Project, where: Where, value: Value, sent: Task, queue: str | None
    ) -> None:
        super().__init__(project, where.module, 0, 0, where.span)
        self.number = number_in(value)
        self.sent = sent
        self.queue = queue

    @classmethod
    def collect(cls, project: Project) -> list[Priority]:
        """All of them, tests left out."""
        found = []
        for task in project.all(Task):
            value = task.options.get("priority")
            if value is not None and not task.in_test:
                found.append(cls(project, task.option_where("priority"), value, task, None))
        for dispatch in project.all(Dispatch):
            given = dispatch.options.get("priority")
            sent = dispatch.task
            if given is None or sent is None or dispatch.in_test:
                continue
            queue = "" if dispatch.open_options else named_queue(dispatch)
            value = dispatch.evaluate(given[0])
            found.append(cls(project, dispatch.at(given[1]), value, sent, queue))
        return found

    @property
    def app(self) -> App:
        """The app that sends the task.  Raises Undecided."""
        if len(self.sent.apps) != 1:
            raise Undecided(f"the app of the task at {self.sent.where.shown}")
        return self.sent.apps[0]

    @property
    def destination(self) -> str | None:
        """The queue that the message goes to.  Raises Undecided."""
        return self.queue or destination_of(self.sent).queue


def number_in(value: Value) -> int | None:
    """A whole number, or None for anything else."""
    constant = value.constant if isinstance(value, Const) else None
    return constant if isinstance(constant, int) and not isinstance(constant, bool) else None


def named_queue(dispatch: Dispatch) -> str | None:
    """The queue that a call names; "" where it names one that is not known."""
    given = dispatch.options.get("queue")
    if given is None:
        return None
    value = dispatch.evaluate(given[0])
    return queue_name(value) if value.known else ""


# CEL413


@rule(
    Priority,
    "CEL413",
    "celery-priority-without-max",
    CORRECTNESS,
    says="`priority={number}` has no effect: RabbitMQ ignores it in the queue `{queue}`, which is "
    "declared without `x-max-priority`; set `task_queue_max_priority`",
    status=PREVIEW,
)
def priority_without_max(priority: Priority, project: Project) -> Iterator[Report]:
    """Only a queue declared with `x-max-priority` sorts its messages."""
    if not priority.number or priority.queue == "":
        return
    configuration = priority.app.configuration
    if broker_of(configuration) != "rabbitmq":
        return
    limits = ("task_queue_max_priority", "task_default_queue_type", "task_always_eager")
    if any(configuration.get(name) is not None for name in limits):
        return
    queue = priority.destination
    if queue is None or not declared_without_limit(priority.app, queue, project):
        return
    yield report(
        priority.where,
        Related(configuration.anchor, "`task_queue_max_priority` is not set"),
        number=priority.number,
        queue=queue,
    )


def declared_without_limit(app: App, queue: str, project: Project) -> bool:
    """Whether Celery declares a queue without a highest priority.  Raises Undecided."""
    declared = app.configuration.get("task_queues")
    if declared is None:
        return True
    if not isinstance(declared, Items) or declared.open:
        raise Undecided(f"queues that are not known at {declared.where.shown}")
    if len(list(queues_in(declared))) != len(declared.items):
        raise Undecided(f"queues that are not known at {declared.where.shown}")
    for one in project.all(DeclaredQueue):
        if one.name != queue:
            continue
        if one.argument("max_priority") is not None:
            return False
        arguments = one.argument("queue_arguments")
        if arguments is None:
            continue
        if not isinstance(arguments, Mapping):
            raise Undecided(f"the arguments of the queue at {one.where.shown}")
        if arguments.get("x-max-priority") is not None or arguments.get("x-queue-type") is not None:
            return False
    return True


# CEL415

HIGH = frozenset("critical urgent high higher highest important".split())
LOW = frozenset("low lower lowest bulk background batch cleanup".split())
#: The lowest of the numbers that read as "high", and the highest of those that read as "low".
READS_HIGH, READS_LOW = 6, 3


@rule(
    Priority,
    "CEL415",
    "celery-redis-priority-inverted",
    SUSPICIOUS,
    says="With Redis the lowest priority comes first: `priority={number}` puts `{name}` {place}",
)
def redis_priority_inverted(priority: Priority, project: Project) -> Iterator[Report]:
    """kombu reads the lists of a queue from the lowest priority up (`kombu/transport/redis.py`:
    `priority_steps`)."""
    number = priority.number
    high, low = says(priority, HIGH), says(priority, LOW)
    if number is None or high == low or broker_of(priority.app.configuration) != "redis":
        return
    rivals = [p for p in project.all(Priority) if p.sent.apps == priority.sent.apps]
    others = [
        rival
        for rival in rivals
        if says(rival, LOW if high else HIGH) and not says(rival, HIGH if high else LOW)
    ]
    name = priority.sent.shown
    for other in others:
        if high and other.number is not None and number > other.number:
            related = Related(other.where, f"`{other.sent.shown}` comes first")
            place = f"behind `{other.sent.shown}`"
            yield report(priority.where, related, number=number, name=name, place=place)
            return
    if others or any(rival.number is None or rival.queue == "" for rival in rivals):
        return
    if high and number >= READS_HIGH:
        yield report(priority.where, number=number, name=name, place="last")
    elif low and number <= READS_LOW:
        yield report(priority.where, number=number, name=name, place="first")


def says(priority: Priority, words: frozenset[str]) -> bool:
    """Whether the name of the task or of its queue, or a comment beside the priority, has one of
    these words."""
    lines = priority.project.text_of(priority.module).decode("utf-8", "replace").splitlines()
    comment = (
        lines[priority.span[0] - 1].partition("#")[2] if priority.span[0] <= len(lines) else ""
    )
    names = [priority.sent.shown, priority.sent.name or "", comment]
    try:
        names.append(priority.destination or "")
    except Undecided:
        pass
    text = " ".join(names).lower()
    for separator in "._-:,;()=":
        text = text.replace(separator, " ")
    return bool(words & set(text.split()))
