"""Canvas: signatures, chains, groups and chords, and what their tasks get.

Facts: `celery/canvas.py` (`Signature`, `_chain`, `group`, `_chord`) and `celery/app/task.py`
(`s`, `si`, `signature`, `chunks`, `map`, `starmap`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..facts import Expr
from .apps import App, default_app
from .dispatch import (
    PARAMETERS,
    SIGNATURE,
    SIGNATURE_PARAMETERS,
    Option,
    is_app,
    mapping_items,
    named_arguments,
    only_app,
    option_arguments,
    sequence_items,
    task_named,
    task_of_expr,
)
from .names import External, LinkedModule, Variable, sole_value
from .subject import Subject
from .tasks import Task

if TYPE_CHECKING:
    from . import Project

CLASSES = {
    "celery.chain": "chain",
    "celery.group": "group",
    "celery.chord": "chord",
    "celery.xmap": "xmap",
    "celery.xstarmap": "xmap",
    "celery.chunks": "chunks",
}
MAPPING = {"map": "xmap", "starmap": "xmap", "chunks": "chunks"}
#: Methods of a canvas that give the same canvas (or a copy of it) back.
KEEPING = frozenset({"set", "clone", "on_error", "stamp"})
LONGEST_CHAIN = 30


class Canvas(Subject):
    """What one expression builds.

    `kind` is "signature", "chain", "group", "chord", "chunks", "xmap" or "unknown" (a step that
    cannot be followed).  `steps` are the parts of a chain, the members of a group, the header of
    a chord (one group) and its body after it; `open` says that there may be other steps, anywhere.
    For a signature: `task`, `arguments` and `keywords` as in `Dispatch`; `immutable` is None where
    it is not known.  `expr` is the expression; it stands in the subject's module and scope."""

    __slots__ = (
        "_task",
        "arguments",
        "expr",
        "immutable",
        "keywords",
        "kind",
        "open",
        "open_options",
        "options",
        "steps",
        "within",
    )

    def __init__(
        self, project: Project, module: LinkedModule, scope: int, kind: str, expr: Expr
    ) -> None:
        super().__init__(project, module, scope, 0, expr[1])
        self.kind = kind
        self.expr = expr
        self.within = ""
        self._task: Task | None = None
        self.steps: list[Canvas] = []
        self.open = False
        self.arguments: list[Expr] | None = None
        self.keywords: dict[str, Expr] | None = None
        self.options: dict[str, Option] = {}
        self.open_options = False
        self.immutable: bool | None = None

    def __repr__(self) -> str:
        return f"Canvas({self.where.shown}, {self.kind!r}, {self._task or self.steps})"

    @classmethod
    def collect(cls, project: Project) -> list[Canvas]:
        """Every canvas expression, parts of others included, in the order of the source."""
        found = []
        for module in project.modules:
            for expression in module.facts.expressions:
                canvas = canvas_of(project, module, expression.scope, expression.expr)
                if canvas is not None:
                    canvas.block = expression.block
                    canvas.within = expression.within
                    found.append(canvas)
        return found

    @property
    def task(self) -> Task | None:
        """The task of a signature, if it is known."""
        return self._task

    @property
    def app(self) -> App | None:
        """The app whose tasks it is made of, where all that are known agree."""
        apps = {id(app): app for app in self._apps()}
        if len(apps) == 1:
            return next(iter(apps.values()))
        return None if apps else default_app(self.project)

    def _apps(self) -> Iterator[App]:
        app = only_app(self._task)
        if app is not None:
            yield app
        for step in self.steps:
            yield from step._apps()


class _Reader:
    """Reads one canvas expression."""

    __slots__ = ("depth", "project")

    def __init__(self, project: Project) -> None:
        self.project = project
        self.depth = 0

    def read(self, module: LinkedModule, scope: int, expr: Expr) -> Canvas | None:
        if self.depth > LONGEST_CHAIN:
            return None
        self.depth += 1
        try:
            if expr[0] == "call":
                return self.read_call(module, scope, expr)
            if expr[0] == "binary" and expr[2] == "|":
                return self.read_pipe(module, scope, expr)
            if expr[0] == "name":
                return self.read_name(module, scope, expr)
            return None
        finally:
            self.depth -= 1

    def step(self, module: LinkedModule, scope: int, expr: Expr) -> Canvas:
        return self.read(module, scope, expr) or Canvas(
            self.project, module, scope, "unknown", expr
        )

    def read_name(self, module: LinkedModule, scope: int, expr: Expr) -> Canvas | None:
        target = self.project.names.resolve(expr, module, scope)
        if not isinstance(target, Variable):
            return None
        home = target.module
        value = sole_value(target)
        if value is None or len(home.bindings(target.scope, target.name)) != 1:
            return None
        if value[0] == "name":
            return None
        canvas = self.read(home, target.scope, value)
        if canvas is None:
            return None
        if changed_in_place(self.project, home, target.name):
            canvas.immutable = None
            canvas.open_options = True
        return canvas

    def read_pipe(self, module: LinkedModule, scope: int, expr: Expr) -> Canvas | None:
        parts: list[Expr] = []
        pending = [expr]
        while pending:
            part = pending.pop()
            if part[0] == "binary" and part[2] == "|":
                pending += (part[4], part[3])
            else:
                parts.append(part)
        read = [self.read(module, scope, part) for part in parts]
        if all(canvas is None for canvas in read):
            return None
        chain = Canvas(self.project, module, scope, "chain", expr)
        for canvas, part in zip(read, parts, strict=True):
            chain.steps.append(canvas or Canvas(self.project, module, scope, "unknown", part))
        return chain

    def read_call(self, module: LinkedModule, scope: int, call: Expr) -> Canvas | None:
        callee = call[2]
        if callee[0] == "call":
            return self.read_chord_call(module, scope, call)
        if callee[0] == "attr":
            found = self.read_method(module, scope, call)
            if found is not None:
                return found
        if callee[0] not in ("name", "attr"):
            return None
        target = self.project.names.resolve(callee, module, scope)
        if not isinstance(target, External):
            return None
        if target.name == SIGNATURE:
            return self.read_signature(module, scope, call, SIGNATURE_PARAMETERS)
        kind = CLASSES.get(target.name)
        return None if kind is None else self.read_class(module, scope, call, kind)

    def read_chord_call(self, module: LinkedModule, scope: int, call: Expr) -> Canvas | None:
        """`chord(header)(body)`, which sends it; as a canvas it is the chord."""
        header = self.read(module, scope, call[2])
        if header is None or header.kind != "chord" or len(header.steps) != 1 or not call[3]:
            return None
        header.steps.append(self.step(module, scope, call[3][0]))
        header.expr = call
        header.span = call[1]
        return header

    def read_method(self, module: LinkedModule, scope: int, call: Expr) -> Canvas | None:
        receiver, method = call[2][2], call[2][3]
        if method in ("s", "si"):
            task = task_of_expr(self.project, module, scope, receiver)
            if task is None:
                return None
            canvas = Canvas(self.project, module, scope, "signature", call)
            canvas._task = task
            starred = any(argument[0] == "star" for argument in call[3])
            canvas.arguments = None if starred else list(call[3])
            canvas.keywords = named_arguments(call[4])
            canvas.immutable = method == "si"
            return canvas
        if method in ("signature", "subtask"):
            if is_app(self.project, module, scope, receiver):
                return self.read_signature(module, scope, call, SIGNATURE_PARAMETERS)
            task = task_of_expr(self.project, module, scope, receiver)
            if task is None:
                return None
            return self.read_signature(module, scope, call, PARAMETERS["signature"], task)
        if method in MAPPING:
            task = task_of_expr(self.project, module, scope, receiver)
            if task is None:
                return None
            return Canvas(self.project, module, scope, MAPPING[method], call)
        if method in KEEPING:
            return self.read_changed(module, scope, call)
        return None

    def read_changed(self, module: LinkedModule, scope: int, call: Expr) -> Canvas | None:
        """`canvas.set(...)` and the like."""
        method = call[2][3]
        canvas = self.read(module, scope, call[2][2])
        if canvas is None:
            return None
        canvas.expr, canvas.span = call, call[1]
        if method == "clone" and (call[3] or call[4]):
            canvas.arguments = canvas.keywords = None
        if method == "set":
            if call[3]:
                canvas.immutable = None
            for keyword, value, span in call[4]:
                if keyword is None:
                    canvas.open_options = True
                    canvas.immutable = None
                elif keyword == "immutable":
                    canvas.immutable = bool(value[2]) if value[0] == "const" else None
                else:
                    canvas.options[keyword] = (value, span)
        return canvas

    def read_signature(
        self,
        module: LinkedModule,
        scope: int,
        call: Expr,
        parameters: list[str],
        task: Task | None = None,
    ) -> Canvas:
        """`task.signature(args, kwargs, ...)` or `signature(name, args, kwargs, ...)`."""
        canvas = Canvas(self.project, module, scope, "signature", call)
        given = option_arguments(call[3], call[4], parameters)
        canvas.open_options = named_arguments(call[4]) is None or any(
            argument[0] == "star" for argument in call[3]
        )
        if task is None and parameters[0] in given:
            name = given.pop(parameters[0])[0]
            task = task_named(self.project, module, scope, name) or task_of_expr(
                self.project, module, scope, name
            )
        canvas._task = task
        if not canvas.open_options:
            arguments, keywords = given.pop("args", None), given.pop("kwargs", None)
            canvas.arguments = [] if arguments is None else sequence_items(canvas, arguments[0])
            canvas.keywords = {} if keywords is None else mapping_items(canvas, keywords[0])
            immutable = given.pop("immutable", None)
            if immutable is None:
                canvas.immutable = False
            elif immutable[0][0] == "const":
                canvas.immutable = bool(immutable[0][2])
        if "options" in given:
            canvas.open_options = True
        canvas.options = given
        return canvas

    def read_class(self, module: LinkedModule, scope: int, call: Expr, kind: str) -> Canvas:
        canvas = Canvas(self.project, module, scope, kind, call)
        arguments = list(call[3])
        if kind in ("xmap", "chunks"):
            return canvas
        if kind == "chord":
            self.read_chord(canvas, call)
            return canvas
        if len(arguments) == 1 and arguments[0][0] in ("list", "tuple"):
            arguments = list(arguments[0][2])
        elif len(arguments) == 1 and not self.read(module, scope, arguments[0]):
            # A list, a generator or one task: how many steps there are is not known.
            canvas.open = True
            canvas.steps += self.repeated(module, arguments[0])
            return canvas
        for argument in arguments:
            if argument[0] == "star":
                canvas.open = True
                canvas.steps.append(Canvas(self.project, module, scope, "unknown", argument))
            else:
                canvas.steps.append(self.step(module, scope, argument))
        return canvas

    def repeated(self, module: LinkedModule, expr: Expr) -> list[Canvas]:
        """The one step that a comprehension builds again and again."""
        if expr[0] != "comprehension" or expr[2] not in ("list", "generator"):
            return []
        recorded = [e for e in module.facts.expressions if e.scope == expr[3]]
        parts = [e.expr for e in recorded if e.within in ("ListComp", "GeneratorExp")]
        return [self.step(module, expr[3], part) for part in parts[:1]]

    def read_chord(self, canvas: Canvas, call: Expr) -> None:
        """Reads `chord(header, body)`: the header is kept as one group."""
        module, scope = canvas.module, canvas.scope
        named = {keyword: value for keyword, value, _ in call[4] if keyword is not None}
        header = call[3][0] if call[3] else named.get("header")
        body = call[3][1] if len(call[3]) > 1 else named.get("body")
        if header is None or header[0] == "star":
            canvas.open = True
            return
        group = self.read(module, scope, header)
        if group is None or group.kind != "group":
            made = Canvas(self.project, module, scope, "group", header)
            if header[0] in ("list", "tuple"):
                made.steps = [self.step(module, scope, part) for part in header[2]]
                made.open = any(part[0] == "star" for part in header[2])
            else:
                made.open = True
                made.steps = self.repeated(module, header)
            group = made
        canvas.steps.append(group)
        if body is not None and not (body[0] == "const" and body[2] is None):
            canvas.steps.append(self.step(module, scope, body))


def changed_in_place(project: Project, module: LinkedModule, name: str) -> bool:
    """Whether `name.set(...)` stands anywhere in a module, which may change what `name` holds."""
    key = ("set in place", module.path)
    names = project.kept.get(key)
    if names is None:
        calls = [e.expr for e in module.facts.expressions if e.expr[0] == "call"]
        names = project.kept[key] = {
            call[2][2][2]
            for call in calls
            if call[2][0] == "attr" and call[2][3] == "set" and call[2][2][0] == "name"
        }
    return name in names


def canvas_of(project: Project, module: LinkedModule, scope: int, expr: Expr) -> Canvas | None:
    """The canvas that an expression builds where it stands, or None when it is none or that is
    not known.  Local names count when they are assigned once."""
    return _Reader(project).read(module, scope, expr)
