"""Connections that each run of a task opens anew: CEL625."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..extract.observe import observe
from ..project.names import Definition, External
from ..project.tasks import task_with_body
from ..rule import PEDANTIC, Report, report, rule
from .bodies import last_name, own_nodes
from .outside import may_be_task, shown_callee

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..project import Project, Seen

ONE = "opens a new connection each time `{task}` runs"
POOL = "makes a new pool of connections each time `{task}` runs"
#: What gives something to connect with, and what each run of a task then does.
OPENING = {
    **dict.fromkeys(
        """psycopg.connect psycopg.Connection.connect psycopg2.connect MySQLdb.connect
        pymysql.connect mysql.connector.connect oracledb.connect cx_Oracle.connect
        pyodbc.connect""".split(),
        ONE,
    ),
    **dict.fromkeys(
        """redis.Redis redis.StrictRedis redis.client.Redis redis.from_url redis.Redis.from_url
        redis.StrictRedis.from_url pymongo.MongoClient pymongo.mongo_client.MongoClient
        sqlalchemy.create_engine sqlalchemy.engine.create_engine sqlmodel.create_engine""".split(),
        POOL,
    ),
}
#: What is cheap to make once, and opens its connections anew where a loop makes it.
SESSIONS = frozenset({"requests.Session", "requests.session", "httpx.Client"})
LAST_NAMES = frozenset(name.rpartition(".")[2] for name in (*OPENING, *SESSIONS))
LIBRARIES = sorted({name.partition(".")[0] for name in (*OPENING, *SESSIONS)})
IMPORTING = ("import", "from", ",")
CLOSING = frozenset("close dispose disconnect aclose quit".split())
#: Arguments that say that there is a pool elsewhere, or is to be none.
OWN_POOL = frozenset({"connection_pool", "poolclass", "pool", "creator"})


@observe("FunctionDef", needs=[f"{word} {name}" for name in LIBRARIES for word in IMPORTING])
def opened(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """What a function that may be a task connects with, where only that run uses it, it would be
    the same in another run, and nothing closes it."""
    if not may_be_task(node):
        return
    if not site.holds(node, *LAST_NAMES):
        return
    import ast

    nodes = list(own_nodes(node.body))
    calls = [p for p in nodes if isinstance(p, ast.Call) and last_name(p.func) in LAST_NAMES]
    if not calls:
        return
    settled, names = given_away(nodes)
    local = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
    local |= {p.id for p in nodes if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
    loops = [p for p in nodes if isinstance(p, (ast.For, ast.While))]
    for call in calls:
        given = [*call.args, *(k.value for k in call.keywords)]
        used = {p.id for a in given for p in ast.walk(a) if isinstance(p, ast.Name)}
        if used & local or any(k.arg in OWN_POOL for k in call.keywords) or id(call) in settled:
            continue
        held = {
            last_name(t)
            for p in nodes
            if isinstance(p, ast.Assign) and p.value is call
            for t in p.targets
        }
        if held & names:
            continue
        yield (
            call,
            {
                "function": site.scope_of(node),
                "called": site.walk.expr(call.func, site.scope_of(node)),
                "shown": shown_callee(call.func),
                "looped": any(p is call for loop in loops for p in own_nodes(loop.body)),
            },
        )


def given_away(nodes: list[ast.AST]) -> tuple[set[int], set[str]]:
    """The calls whose object is closed or kept for other runs where they stand, and the names
    of objects that are closed or kept somewhere in the nodes."""
    import ast

    settled: set[int] = set()
    names: set[str] = set()

    def settle(value: ast.AST) -> None:
        settled.add(id(value))
        while isinstance(value, ast.Attribute):
            value = value.value
        if isinstance(value, ast.Name):
            names.add(value.id)

    for part in nodes:
        if isinstance(part, (ast.With, ast.AsyncWith)):
            for item in part.items:
                settle(item.context_expr)
                for inner in getattr(item.context_expr, "args", ()):
                    settle(inner)
        elif isinstance(part, ast.Global):
            names.update(part.names)
        elif isinstance(part, ast.Assign):
            if any(not isinstance(target, ast.Name) for target in part.targets):
                settled.update(id(inner) for inner in ast.walk(part.value))
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            if part.func.attr in CLOSING:
                settle(part.func.value)
    return settled, names


@rule(
    opened,
    "CEL625",
    "celery-connection-per-task",
    PEDANTIC,
    says="`{call}()` {does}: make it once for each worker process, "
    "in a handler of `worker_process_init`",
)
def connection_per_task(seen: Seen, project: Project) -> Iterator[Report]:
    """A worker process runs many tasks one after another, and could keep what it has opened."""
    data = seen.data
    task = task_with_body(project, Definition(seen.module, data["function"]))
    called = project.names.resolve(data["called"], seen.module, data["function"])
    if task is None or seen.in_test or not isinstance(called, External):
        return
    if called.name in OPENING:
        does = OPENING[called.name].format(task=task.shown)
        yield report(seen.where, call=data["shown"], does=does)
    elif called.name in SESSIONS and data["looped"]:
        yield report(
            seen.where,
            says="`{call}()` in a loop connects anew in each turn: make it before the loop, "
            "so that its connections are used again",
            call=data["shown"],
        )
