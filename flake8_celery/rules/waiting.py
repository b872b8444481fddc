"""Code outside of tasks that waits for one: CEL163."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..facts import Expr
from ..project.dispatch import ResultUse, blocks_outward, expects_error, last_name
from ..rule import SUSPICIOUS, Report, report, rule
from .canvas import disabled, runs_eagerly
from .results import comes_back_at_once, may_join

if TYPE_CHECKING:
    from ..project import Project

#: What waits; the timeout is the first parameter of each (`celery/result.py`).
WAITING = frozenset({"get", "wait", "join", "join_native"})
#: What tells whether the task is done, so that nobody waits.
ASKING = frozenset("ready successful failed state status".split())
COMMAND_WORDS = frozenset("command option argument group callback".split())
SCRIPT_FOLDERS = frozenset("management commands scripts bin cli tools script".split())
SCRIPTS = frozenset("manage cli __main__ commands script fabfile".split())


@rule(
    ResultUse,
    "CEL163",
    "celery-get-without-timeout",
    SUSPICIOUS,
    says="`{method}()` without a timeout waits for ever where no worker runs the task: "
    "pass `timeout=`",
)
def get_without_timeout(use: ResultUse, project: Project) -> Iterator[Report]:
    """`AsyncResult.get(timeout=None)` waits until the result is there (`celery/result.py`)."""
    if not use.called or use.method not in WAITING or use.result.kind == "EagerResult":
        return
    if use.in_test or use.project.task_around(use.module, use.scope) is not None:
        return
    if has_timeout(use) or is_script(use) or asks_first(use) or in_task(use):
        return
    if may_join(use) or expects_error(use) or comes_back_at_once(use, project):
        return
    app = use.result.app
    if app is not None and (runs_eagerly(app) or disabled(app.configuration.get("result_backend"))):
        return
    yield report(use.where, method=use.method)


def has_timeout(use: ResultUse) -> bool:
    """Whether a timeout is given, or may be."""
    positional, keywords = use.call[3], use.call[4]
    if any(argument[0] == "star" for argument in positional):
        return True
    for keyword, value, _ in keywords:
        if keyword is None or (keyword == "timeout" and not is_none(value)):
            return True
    return bool(positional) and not is_none(positional[0])


def is_none(expr: Expr) -> bool:
    """Whether an expression is a literal None."""
    return bool(expr[0] == "const" and expr[2] is None)


def is_script(use: ResultUse) -> bool:
    """Whether it is started by hand: a management command, a command line, a module's own code.

    Somebody waits in front of it, who can stop it."""
    *folders, file = use.module.path.split("/")
    if file.rpartition(".")[0] in SCRIPTS or SCRIPT_FOLDERS & set(folders):
        return True
    scopes = use.module.facts.scopes
    outer = use.module.enclosing_function(use.scope)
    if not outer or scopes[outer].name in ("main", "handle"):
        return True
    while outer:
        for decorator in scopes[outer].decorators:
            callee = decorator[2] if decorator[0] == "call" else decorator
            if last_name(callee) in COMMAND_WORDS:
                return True
        outer = use.module.enclosing_function(scopes[outer].parent)
    return False


def in_task(use: ResultUse) -> bool:
    """Whether it stands in a function that is nested in a task."""
    scope = use.scope
    scopes = use.module.facts.scopes
    while scope > 0:
        if use.project.task_around(use.module, scope) is not None:
            return True
        scope = scopes[scope].parent
    return False


def asks_first(use: ResultUse) -> bool:
    """Whether the same function asks whether the result is there, or takes a branch around it."""
    receiver = use.call[2][2]
    for other in use.project.all(ResultUse):
        if other.module is use.module and other.scope == use.scope and other.method in ASKING:
            asked = other.call[2][2] if other.called else other.call[2]
            if asked[0] == receiver[0] == "name" and asked[2] == receiver[2]:
                return True
    return any(block.kind == "while" for block in blocks_outward(use))
