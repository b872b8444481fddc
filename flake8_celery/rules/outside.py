"""What talks to other machines: the libraries, and their calls in the bodies of tasks.

In the tables is what everybody takes for a network library, by the names under which it is
imported.  Left out is what only builds something (`requests.Request`), and what is a client of a
service with its own way to be called (`stripe`, `twilio`), where no list is ever complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..extract.observe import observe
from ..project.django import django_profiles, django_setting
from ..project.names import Definition, External, Target, Variable
from ..rule import Undecided
from .bodies import RAISES, RERAISES, VERBS, endings, last_name, returns, reversed_children

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..facts import Assignment, Expr
    from ..project import Project, Seen
    from ..project.names import LinkedModule
    from ..project.tasks import Task

SMTP = frozenset("connect login starttls sendmail send_message".split())
MAIL = "django.core.mail."
#: Functions that talk to another machine when they are called.
FUNCTIONS = frozenset(
    {
        *(f"requests.{verb}" for verb in VERBS),
        *(f"requests.api.{verb}" for verb in VERBS),
        *(f"httpx.{verb}" for verb in (*VERBS, "stream")),
        *(f"urllib.request.{name}" for name in ("urlopen", "urlretrieve")),
        *(f"{MAIL}{name}" for name in "send_mail send_mass_mail mail_admins mail_managers".split()),
        "socket.create_connection",
    }
)
#: Methods that talk to another machine, by the class, or the function that gives the object.
METHODS: dict[str, frozenset[str]] = {
    "requests.Session": VERBS | {"send"},
    "requests.session": VERBS | {"send"},
    "requests.sessions.Session": VERBS | {"send"},
    "httpx.Client": VERBS | {"send", "stream"},
    "http.client.HTTPConnection": frozenset({"connect", "request", "getresponse"}),
    "http.client.HTTPSConnection": frozenset({"connect", "request", "getresponse"}),
    "smtplib.SMTP": SMTP,
    "smtplib.SMTP_SSL": SMTP,
    "ftplib.FTP": frozenset("connect login retrbinary retrlines storbinary storlines nlst".split()),
    "ftplib.FTP_TLS": frozenset("connect login retrbinary retrlines storbinary storlines".split()),
    "paramiko.SSHClient": frozenset({"connect", "exec_command", "open_sftp"}),
    "paramiko.client.SSHClient": frozenset({"connect", "exec_command", "open_sftp"}),
    f"{MAIL}EmailMessage": frozenset({"send"}),
    f"{MAIL}EmailMultiAlternatives": frozenset({"send"}),
    f"{MAIL}message.EmailMessage": frozenset({"send"}),
    f"{MAIL}message.EmailMultiAlternatives": frozenset({"send"}),
}
#: The same where the library tries again by itself: botocore up to five times, urllib3 three.
RETRYING: dict[str, frozenset[str]] = {
    "boto3.client": frozenset(
        """upload_file upload_fileobj download_file download_fileobj put_object get_object
        delete_object copy_object send_message send_email send_raw_email publish invoke""".split()
    ),
    "urllib3.PoolManager": frozenset({"request", "urlopen"}),
}
# How a file looks that imports one of them.
LIBRARIES = tuple(
    """import requests|from requests|import httpx|from httpx|urllib|http.client|smtplib|ftplib|
    paramiko|boto3|create_connection|core.mail|core import mail""".replace("\n    ", "").split("|")
)
LAST_NAMES = frozenset(
    {name.rpartition(".")[2] for name in FUNCTIONS}.union(*METHODS.values(), *RETRYING.values())
)
#: Contexts that let through what is raised in them.
TRANSPARENT = frozenset(
    """builtins.open contextlib.closing contextlib.nullcontext django.db.transaction.atomic
    tempfile.NamedTemporaryFile tempfile.TemporaryDirectory tempfile.TemporaryFile
    django.utils.translation.override django.utils.timezone.override""".split()
)
# A function that speaks of these may try again in a way of its own.
WORDS_OF_RETRYING = ("retry", "retries", "retried", "attempt", "backoff")
#: Decorators that surely make no task of a function, and stand on most of those that have one.
NO_TASKS = frozenset(
    """property cached_property setter getter deleter staticmethod classmethod abstractmethod
    contextmanager override overload wraps fixture parametrize receiver action display
    method_decorator login_required permission_required atomic get post put patch delete route
    api_view command option argument validator field_validator model_validator register tag
    filter group""".split()
)
#: What a body may read of its own task without giving it away.
OF_THE_TASK = frozenset("request name app update_state max_retries".split())


class OutsideCall(NamedTuple):
    """A call that talks to another machine: `name` is the dotted name of the function, or of the
    class and the method; `shown` is how it is written; `retries`: its library tries again."""

    name: str
    shown: str
    retries: bool


def may_be_task(node: ast.FunctionDef) -> bool:
    """Whether a function may be the body of a task: it is called `run`, or has a decorator that
    may make one."""
    import ast

    if node.name == "run":
        return True
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if last_name(called) not in NO_TASKS:
            return True
    return False


@observe("FunctionDef", needs=LIBRARIES)
def outside_calls(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """The calls in a function that may talk to other machines, where their errors leave it and
    nothing in it looks like another attempt."""

    if not may_be_task(node):
        return
    if not site.holds(node, *LAST_NAMES):
        return
    found = [(call, around) for call, around in calls_escaping(node.body) if may_be_outside(call)]
    if not found or tries_again(node, site):
        return
    scope = site.scope_of(node)
    for call, contexts in found:
        yield (
            call,
            {
                "function": scope,
                "called": site.walk.expr(call.func, scope),
                "shown": shown_callee(call.func),
                "contexts": [site.walk.expr(context, scope) for context in contexts],
            },
        )


def may_be_outside(call: ast.Call) -> bool:
    """Whether a call is spelled like one of the tables, and lets its errors out."""
    import ast

    if last_name(call.func) not in LAST_NAMES:
        return False
    quiet = [k.value for k in call.keywords if k.arg in (None, "fail_silently")]
    return all(isinstance(value, ast.Constant) and not value.value for value in quiet)


def shown_callee(node: ast.expr) -> str:
    """How messages name what is called: as it is written, or by its last name."""
    import ast

    dotted = all(isinstance(p, (ast.Name, ast.Attribute, ast.Load)) for p in ast.walk(node))
    return ast.unparse(node) if dotted else last_name(node)


def tries_again(node: ast.FunctionDef, site: Site) -> bool:
    """Whether a function may bring about another attempt: it says so in a word, sends itself
    again, or gives its task to somebody."""
    import ast

    first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
    text = "".join(site.walk.source.lines[first - 1 : node.end_lineno]).lower()
    if any(word in text for word in WORDS_OF_RETRYING):
        return True
    arguments = [*node.args.posonlyargs, *node.args.args]
    own = arguments[0].arg if arguments else ""
    kept: set[int] = set()
    for statement in node.body:
        for part in ast.walk(statement):
            if isinstance(part, ast.Attribute):
                if part.attr in ("delay", "apply_async") and last_name(part.value) == node.name:
                    return True
                if part.attr in OF_THE_TASK:
                    kept.add(id(part.value))
            elif isinstance(part, ast.Name) and part.id == own and own in ("self", "task"):
                if id(part) not in kept:
                    return True
    return False


def calls_escaping(body: list[ast.stmt]) -> Iterator[tuple[ast.Call, list[ast.expr]]]:
    """The calls of a piece of code, in source order, whose errors no `except` in it may
    keep, with the contexts of the `with`s around each."""
    import ast

    nested = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    pending: list[tuple[ast.AST, list[ast.expr]]] = [(s, []) for s in reversed(body)]
    while pending:
        part, around = pending.pop()
        if isinstance(part, nested):
            continue
        if isinstance(part, (ast.Try, ast.TryStar)):
            if returns(part.finalbody):
                continue
            kept = any(not endings(h) <= {RERAISES, RAISES} for h in part.handlers)
            parts: list[ast.AST] = [*part.handlers, *part.orelse, *part.finalbody]
            parts = parts if kept else [*part.body, *parts]
            pending += [(inner, around) for inner in reversed(parts)]
            continue
        if isinstance(part, (ast.With, ast.AsyncWith)):
            contexts = [item.context_expr for item in part.items]
            inside = [*around, *contexts]
            pending += [(inner, inside) for inner in reversed(part.body)]
            pending += [(context, around) for context in reversed(contexts)]
            continue
        if isinstance(part, ast.Call):
            yield part, around
        pending += [(inner, around) for inner in reversed_children(part)]


# What a call is, with the project's names


def outside_call(
    project: Project, called: Expr, shown: str, module: LinkedModule, scope: int
) -> OutsideCall | None:
    """What a call is that talks to another machine, or None: it is another, or not known."""
    target = project.names.resolve(called, module, scope)
    if isinstance(target, External) and target.name in FUNCTIONS:
        return OutsideCall(target.name, shown, False)
    if called[0] != "attr":
        return None
    made = made_by(project, called[2], module, scope)
    if made is None or called[3] not in {*METHODS.get(made, ()), *RETRYING.get(made, ())}:
        return None
    return OutsideCall(f"{made}.{called[3]}", shown, made in RETRYING)


def made_by(project: Project, expr: Expr, module: LinkedModule, scope: int) -> str | None:
    """The dotted name of what gives the object that an expression stands for: a class or a
    function from outside that is called for it.  None where it may be several or may try again
    by itself."""
    owner = module
    if expr[0] in ("name", "attr"):
        target: Target = project.names.resolve(expr, module, scope)
        if not isinstance(target, Variable):
            return None
        given = [a for a in target.assignments if sets(a)]
        if len(given) != 1:
            return None
        expr, owner, scope = given[0].value, target.module, target.scope
    if expr[0] == "enter":
        expr = expr[2]
    if expr[0] != "call":
        return None
    made = project.names.resolve(expr[2], owner, scope)
    if not isinstance(made, External):
        return None
    settles_retries = any(k in (None, "transport", "mounts", "config") for k, _, _ in expr[4])
    if settles_retries or b".mount(" in project.text_of(owner):
        # A transport may try again, however it is made.
        return None
    return made.name


def sets(assignment: Assignment) -> bool:
    """Whether an assignment gives the name itself a value."""
    return assignment.target[0] == "name" and assignment.op == "="


def sends_by_smtp(seen: Seen) -> bool:
    """Whether Django's mail goes to a server when it is sent: another backend may put it into a
    queue.  Raises Undecided when the backend is not known."""
    backend = django_setting(seen.project, "EMAIL_BACKEND", seen.where)
    if backend is not None:
        return all("smtp" in str(option.value) for option in backend.alternatives())
    profiles = django_profiles(seen.project, seen.module)
    if any(profile.production and profile.open_reasons for profile in profiles):
        raise Undecided(f"the mail backend at {seen.where.shown}")
    return True


def transparent(seen: Seen, contexts: list[Expr], scope: int) -> bool:
    """Whether the contexts around a call let its errors through, as far as is known."""
    for context in contexts:
        callee = context[2] if context[0] == "call" else context
        target = seen.project.names.resolve(callee, seen.module, scope)
        if not isinstance(target, External):
            return False
        if target.name not in TRANSPARENT and target.name not in FUNCTIONS | METHODS.keys():
            return False
    return True


def outside_calls_of(project: Project, task: Task) -> Iterator[tuple[Seen, OutsideCall]]:
    """The calls in a task's own body that talk to other machines, in the order of the source."""
    for seen in project.once(_by_function, project).get(_key(task.function), ()):
        data = seen.data
        call = outside_call(project, data["called"], data["shown"], seen.module, data["function"])
        if call is not None and transparent(seen, data["contexts"], data["function"]):
            yield seen, call


def _by_function(project: Project) -> dict[tuple[str, int], list[Seen]]:
    found: dict[tuple[str, int], list[Seen]] = {}
    for seen in project.seen(outside_calls):
        key = (seen.module.path, seen.data["function"])
        found.setdefault(key, []).append(seen)
    return found


def _key(function: Definition) -> tuple[str, int]:
    return (function.module.path, function.scope)
