"""Which pieces of syntax are worth remembering: cheap tests on single nodes, without names
resolved.  Too much costs cache size, too little costs findings; what is here errs on much."""

from __future__ import annotations

import ast

# Methods whose calls may publish, build or configure something of Celery.
METHODS = frozenset(
    """delay apply_async apply delay_on_commit apply_async_on_commit send_task
    s si signature subtask set clone on_error link link_error chunks starmap
    retry register_task config_from_object config_from_envvar config_from_cmdline add_defaults
    setup_security autodiscover_tasks add_periodic_task on_commit on_error
    from_mapping from_object from_pyfile from_envvar from_prefixed_env AsyncResult GroupResult
    Celery Flask chain group chord chunks xmap xstarmap maybe_signature
    crontab solar schedule from_string Queue Exchange Broadcast Redis
    revoke rate_limit time_limit abort
    enable_insecure_serializers disable_insecure_serializers""".split()
)
# The same, called by a bare name (any name imported from Celery or Kombu counts as well).
NAMES = frozenset(
    """Celery chain group chord signature subtask chunks crontab solar schedule Queue Exchange
    on_commit AsyncResult GroupResult ResultSet shared_task allow_join_result""".split()
)
LIBRARIES = ("celery", "kombu", "django_celery_beat", "django_celery_results", "redbeat")
DISPATCHES = frozenset(
    """delay apply_async apply delay_on_commit apply_async_on_commit send_task AsyncResult
    GroupResult""".split()
)
RESULT_READS = frozenset(
    """get join join_native wait collect get_leaf state status result info ready successful failed
    traceback children forget revoke iterate then results""".split()
)
# Options of a task that code of a project's own may read as attributes.
OPTION_READS = frozenset(
    """max_retries default_retry_delay retry_backoff retry_backoff_max retry_jitter retry_kwargs
    dont_autoretry_for""".split()
)
# Methods that change a dict or list in place, as statements.
IN_PLACE = frozenset("update setdefault append extend insert pop remove clear add".split())
SCHEDULE_ROWS = frozenset(
    "PeriodicTask CrontabSchedule IntervalSchedule ClockedSchedule SolarSchedule".split()
)
CONFIGURATION_WORDS = frozenset("conf config environ Task task_cls on_init".split())
# Calls whose results are plain data, as class attributes hold it.
DATA_CALLS = frozenset(
    """get getenv env config Field bool int float str list dict tuple set frozenset timedelta
    crontab schedule Queue Exchange Celery format join partial register_task
    ImproperlyConfigured field Value BooleanValue IntegerValue""".split()
)
CANVAS_METHODS = frozenset("s si signature subtask".split())


def is_type_checking(test: ast.AST) -> bool:
    """Whether an `if` asks `TYPE_CHECKING`, whose body never runs."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def root_name(node: ast.AST) -> str | None:
    """The name that an attribute or subscript chain starts from, or None."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def last_name(node: ast.AST) -> str:
    """The last name of a dotted name: `get` of `os.environ.get`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def mentions_configuration(target: ast.AST) -> bool:
    """Whether an attribute or subscript chain passes a `conf`, a `config` or an app's `Task`."""
    while isinstance(target, (ast.Attribute, ast.Subscript)):
        if isinstance(target, ast.Attribute) and target.attr in CONFIGURATION_WORDS:
            return True
        target = target.value
    return isinstance(target, ast.Name) and target.id in CONFIGURATION_WORDS


def reads_configuration(node: ast.Attribute, called: bool) -> bool:
    """Whether `app.conf.x` reads a setting, which makes Celery load its configuration."""
    return (
        isinstance(node.value, ast.Attribute)
        and node.value.attr == "conf"
        and isinstance(node.ctx, ast.Load)
        and (not called or node.attr in ("get", "items", "keys", "values"))
    )


def is_interesting_call(node: ast.Call, library_names: set[str]) -> bool:
    """Whether a call may concern Celery."""
    func = node.func
    if isinstance(func, ast.Name):
        return (
            func.id in NAMES
            or func.id in library_names
            or _is_partial_dispatch(func.id, node)
            or (func.id == "getattr" and _reads_option(node))
        )
    if not isinstance(func, ast.Attribute):
        return isinstance(func, ast.Call) and (
            is_interesting_call(func, library_names) or _name_of(func) == "task"
        )
    name = func.attr
    if name in METHODS:
        return True
    if name in ("connect", "task", "shared_task"):
        return bool(node.args)
    if name == "register":
        return isinstance(func.value, ast.Attribute) and func.value.attr == "tasks"
    if name == "replace":
        return isinstance(func.value, ast.Name) and len(node.args) == 1
    if name in ("create", "get_or_create", "update_or_create"):
        return root_name(func.value) in SCHEDULE_ROWS
    return _is_partial_dispatch(name, node)


def _name_of(call: ast.Call) -> str | None:
    return call.func.attr if isinstance(call.func, ast.Attribute) else None


def _reads_option(node: ast.Call) -> bool:
    """Whether `getattr` reads an option of a task, or a name that is not known."""
    if len(node.args) < 2:
        return False
    name = node.args[1]
    return not isinstance(name, ast.Constant) or name.value in OPTION_READS


def _is_partial_dispatch(name: str, node: ast.Call) -> bool:
    return (
        name == "partial"
        and bool(node.args)
        and isinstance(node.args[0], ast.Attribute)
        and node.args[0].attr in METHODS
    )


def may_be_made(value: ast.AST | None) -> bool:
    """Whether a local variable that is returned may be an app, a schedule or a setting."""
    if isinstance(value, ast.Call):
        name = last_name(value.func)
        return name in DATA_CALLS or name in METHODS or name.endswith(("Celery", "task", "app"))
    return isinstance(value, (ast.Dict, ast.List, ast.Tuple, ast.Name, ast.Attribute))


def makes_result(node: ast.AST | None) -> bool:
    """Whether an expression looks like one that gives an AsyncResult, or a canvas."""
    while isinstance(node, ast.Await):
        node = node.value
    if isinstance(node, ast.BinOp):
        return is_canvas_pipe(node)
    if not isinstance(node, ast.Call):
        return False
    func = node.func
    if isinstance(func, ast.Attribute):
        return func.attr in DISPATCHES or func.attr in CANVAS_METHODS
    if isinstance(func, ast.Name):
        return func.id in NAMES
    return makes_result(func)


def is_canvas_pipe(node: ast.BinOp) -> bool:
    """Whether `a | b` has a signature among its leaves."""
    pending: list[ast.AST] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
            pending += (part.left, part.right)
        elif isinstance(part, ast.Call):
            func = part.func
            if isinstance(func, ast.Attribute) and func.attr in CANVAS_METHODS:
                return True
            if isinstance(func, ast.Name) and func.id in ("chain", "group", "chord", "signature"):
                return True
    return False
