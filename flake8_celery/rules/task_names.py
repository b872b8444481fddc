"""The names of tasks: CEL055 and CEL056."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.tasks import Task
from ..rule import PEDANTIC, UNSAFE, Edit, Finding, Report, report, rule

if TYPE_CHECKING:
    from ..project import Project
    from ..source import Source


# CEL055


@rule(
    Task,
    "CEL055",
    "celery-implicit-task-name",
    PEDANTIC,
    says="`{task}` is named after its module, `{name}`: once either is renamed, no worker knows "
    "the messages that are still in the queue",
)
def implicit_task_name(task: Task, project: Project) -> Iterator[Report]:
    """`gen_task_name` makes the name of the module and the function (`celery/app/base.py`)."""
    if task.in_test or task.class_based or task.wrapped or not task.auto_named or task.open:
        return
    if task.name is not None:
        place = list(task.where.span)
        yield report(task.where, task=task.shown, name=task.name, fix=[place, task.name])


@implicit_task_name.fix(UNSAFE, "Write down the name it has now")
def write_name(finding: Finding, source: Source) -> Iterable[Edit]:
    """`name="..."` as the first keyword of the decorator."""
    import ast

    place, name = finding.fix_data
    for node in source.nodes():
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for decorator in node.decorator_list:
            if list(source.span(decorator)) != list(place):
                continue
            if not isinstance(decorator, ast.Call):
                yield Edit((*place[2:], *place[2:]), f'(name="{name}")')
                return
            given = [*decorator.args, *decorator.keywords]
            if decorator.args:
                return
            row, column = place[2], place[3] - 1
            if given:
                row, column = source.span(given[0])[:2]
            yield Edit((row, column, row, column), f'name="{name}"{", " if given else ""}')
            return


# CEL056

FEWEST_NAMES = 5
SHARE = 0.8
STYLES = {
    "dotted": "with a module (`shop.send_mail`)",
    "plain": "without a module (`send_mail`)",
    "capitals": "in capitals (`SendMail`)",
    "dashed": "with dashes (`send-mail`)",
}


@rule(
    Task,
    "CEL056",
    "celery-inconsistent-task-name",
    PEDANTIC,
    says="`{name}` is not named like the other tasks: {most} of the {all} names are {style}",
)
def inconsistent_task_name(task: Task, project: Project) -> Iterator[Report]:
    """Only explicit names count: Celery's own are all of one style."""
    name = None if task.auto_named or task.in_test else task.name
    if name is None:
        return
    names = {
        other.name
        for other in project.all(Task)
        if other.name and not other.auto_named and not other.in_test
    }
    (style, most), *_ = Counter(style_of(other) for other in names).most_common(1)
    if len(names) < FEWEST_NAMES or most < SHARE * len(names) or style_of(name) == style:
        return
    yield report(
        task.option_where("name"), name=name, most=most, all=len(names), style=STYLES[style]
    )


def style_of(name: str) -> str:
    """A task name's style: a key of STYLES."""
    last = name.rpartition(".")[2]
    if "-" in last:
        return "dashed"
    if last[:1].isupper():
        return "capitals"
    return "dotted" if "." in name else "plain"
