"""The project: all modules joined, names resolved, Celery's objects found.

A project is built from the facts of the files that speak of Celery; other files are read when a
chain of names walks through them.  Everything is computed on first request and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..celery_versions import DEFAULT, Span
from ..facts import Module
from .evaluate import Values
from .names import IMPORTERS, Definition, LinkedModule, Names, Nothing, Target, Variable
from .subject import Seen, Subject
from .values import Value

if TYPE_CHECKING:
    from ..extract.observe import Observer
    from ..rule import Where
    from .apps import App
    from .bodies import Body
    from .inference import Inference
    from .tasks import Task

Kind = TypeVar("Kind", bound=Subject)
Answer = TypeVar("Answer")


class Project:
    """What the files of one project say together.

    `facts` holds the modules that speak of Celery, by path relative to the root (forward
    slashes); `load` gives the facts of any other Python file of the project, or None;
    `python_files` are the paths of all of them.  `celery` is the range of Celery releases the
    project may run on: lowest, and highest or None for "the newest".
    """

    def __init__(
        self,
        facts: Mapping[str, Module],
        python_files: Iterable[str],
        load: Callable[[str], Module | None],
        read: Callable[[str], bytes] | None = None,
        celery: Span = DEFAULT,
        options: Mapping[str, Any] | None = None,
        deployment_files: Iterable[str] = (),
    ) -> None:
        self.celery = celery
        #: Paths of files that may say how the project is run.
        self.deployment_files = tuple(deployment_files)
        self.options = dict(options or {})
        self._load = load
        self._read = read
        self._roots, self._by_name = index(python_files, self.options.get("src", ()))
        #: Answers that pieces of the project keep, under keys of their own.
        self.kept: dict[Any, Any] = {}
        self._modules: dict[str, LinkedModule | None] = {}
        self._found: dict[tuple[str, str], LinkedModule | None] = {}
        self._collected: dict[Any, list[Any]] = {}
        self._answers: dict[Any, Any] = {}
        self._derivations: list[tuple[str, str]] | None = None
        self.names = Names(self.find)
        self.values = Values(self.names, self._outside)
        self.values.task_name = self._task_name
        if read is not None:
            self.values.inference = self._inference
            self.values.body = self._body
            self.values.changed_inside = self._changed_inside
        self.modules: list[LinkedModule] = []
        self.undecided: list[tuple[str, Where]] = []
        for path in sorted(facts):
            module = LinkedModule(path, self.dotted(path), facts[path])
            self._modules[path] = module
            self.modules.append(module)

    # Modules

    @property
    def paths(self) -> Iterable[str]:
        """The paths of all Python files of the project, sorted."""
        return self._roots

    def dotted(self, path: str) -> str:
        """The dotted name of the module at `path`, from the nearest folder that is no package."""
        return self._roots.get(path, path)

    def names_of(self, path: str) -> list[str]:
        """Every dotted name that an import may have for the module at `path`, shortest first."""
        stem = path.removesuffix(".py").removesuffix("/__init__").split("/")
        names = (".".join(stem[start:]) for start in range(len(stem) - 1, -1, -1))
        return [name for name in names if path in self._by_name.get(name, ())]

    def is_package(self, folder: str) -> bool:
        """Whether a folder of the project, by its path, holds an `__init__.py`."""
        return f"{folder}/__init__.py" in self._roots

    def module_at(self, path: str) -> LinkedModule | None:
        """The module at a path relative to the root, read now if need be; None: no such file."""
        if path not in self._modules:
            facts = self._load(path)
            self._modules[path] = facts and LinkedModule(path, self.dotted(path), facts)
        return self._modules[path]

    def find(self, dotted: str, importer: LinkedModule) -> LinkedModule | None:
        """The module that `import dotted` means in `importer`, or None if it is not the
        project's.  Where several files fit, the one nearest to the importer; unknown when two
        are equally near."""
        folder = importer.path.rpartition("/")[0]
        key = (dotted, folder)
        if key not in self._found:
            path = self._path_of(dotted, folder)
            self._found[key] = None if path is None else self.module_at(path)
        return self._found[key]

    def has_package(self, name: str) -> bool:
        """Whether the top-level package or module `name` is the project's own."""
        return name in self._by_name

    def _path_of(self, dotted: str, folder: str) -> str | None:
        paths = self._by_name.get(dotted, ())
        if len(paths) <= 1:
            return paths[0] if paths else None
        parts = folder.split("/")
        shared = [_shared(parts, path.split("/")) for path in paths]
        best = max(shared)
        nearest = [path for path, length in zip(paths, shared, strict=True) if length == best]
        sources = [path for path in nearest if path.endswith(".py")]
        return sources[0] if len(sources) == 1 else None

    def text_at(self, path: str) -> bytes:
        """The bytes of a file of the project; nothing where it cannot be read."""
        if self._read is None:
            return b""
        try:
            return self._read(path)
        except OSError:
            return b""

    def text_of(self, module: LinkedModule) -> bytes:
        """The bytes of a module's file, kept; nothing where it cannot be read."""
        return self.once(self.text_at, module.path)

    def other_names(self, *names: str) -> set[str]:
        """The names under which classes or functions called `names` may appear: through `import
        as`, plain aliases and subclasses.  A cheap sieve before names are really resolved."""
        if self._derivations is None:
            self._derivations = [
                pair for module in self.modules for pair in derivations(module.facts)
            ]
        known = set(names)
        size = 0
        while size != len(known):
            size = len(known)
            known.update(new for new, old in self._derivations if old in known)
        return known

    def mentions(self, text: str) -> bool:
        """Whether any file that speaks of Celery contains `text`: the cautious way to ask
        whether something is used at all."""
        needle = text.encode()
        return self._read is None or any(needle in self.text_of(m) for m in self.modules)

    def texts(self) -> Iterator[str]:
        """The texts of the files that speak of Celery, as far as they can be read."""
        for module in self.modules:
            yield self.text_of(module).decode("utf-8", "replace")

    # Celery's objects

    def all(self, kind: type[Kind]) -> list[Kind]:
        """All subjects of a class: `project.all(Task)`."""
        if kind not in self._collected:
            # An empty list while collecting: subjects that ask for each other see none, and
            # whoever needs more asks for the other kind first.
            self._collected[kind] = []
            self._collected[kind] = kind.collect(self)
        return self._collected[kind]

    def once(self, what: Callable[..., Answer], *about: Any) -> Answer:
        """`what(*about)`, computed once for this project.  What it raises is not kept."""
        key = (what, *about)
        if key not in self._answers:
            self._answers[key] = what(*about)
        answer: Answer = self._answers[key]
        return answer

    def seen(self, observer: Observer) -> list[Seen]:
        """All observations of an observer."""
        return [
            Seen(self, module, observation)
            for module in self.modules
            for observation in module.facts.observations.get(observer.name, ())
        ]

    def app_of(self, target: Target) -> App | None:
        """The app that a resolved name stands for, or None when that is not known."""
        from .apps import app_of

        return app_of(self, target)

    def task_of(self, target: Target) -> Task | None:
        """The task that a resolved name stands for, or None when it is none or not known."""
        from .tasks import task_of

        return task_of(self, target)

    def task_around(self, module: LinkedModule, scope: int) -> Task | None:
        """The task whose own body holds `scope`; functions nested in a task are not it."""
        function = module.enclosing_function(scope)
        if not function or module.facts.scopes[scope].kind == "lambda":
            return None
        from .tasks import task_with_body

        return task_with_body(self, Definition(module, function))

    def _inference(self) -> Inference:
        # astroid takes longer to load than most runs take, and few need it.
        from .inference import Inference

        return self.once(Inference, self)

    def _body(self, function: Definition) -> Body:
        from .bodies import body_of

        return body_of(self, function)

    def _changed_inside(self, variable: Variable) -> bool:
        from .bodies import changed_by_functions

        return self.once(changed_by_functions, self, variable.module, variable.name)

    def _task_name(self, function: Definition) -> str | None:
        task = self.task_of(function)
        return None if task is None else task.name

    def _outside(self, name: str, where: Where) -> Value | None:
        if name.startswith("django.conf.settings."):
            from .django import django_setting

            return django_setting(self, name.removeprefix("django.conf.settings."), where)
        return None


def _shared(a: list[str], b: list[str]) -> int:
    count = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        count += 1
    return count


def derivations(facts: Module) -> Iterator[tuple[str, str]]:
    """Pairs of a new name and the one it is made from: renaming imports, subclasses, aliases,
    and what an importer gives (`cls = import_string(name)`)."""
    for name in facts.imports:
        if name.attribute and name.attribute != name.name:
            yield name.name, name.attribute
    for scope in facts.scopes:
        for base in scope.bases:
            if base[0] in ("name", "attr"):
                yield scope.name, base[-1]
    for assignment in facts.assignments:
        if assignment.target[0] != "name":
            continue
        value = assignment.value
        if value[0] in ("name", "attr"):
            yield assignment.target[2], value[-1]
        elif value[0] == "call" and value[2][0] in ("name", "attr") and value[2][-1] in IMPORTERS:
            yield assignment.target[2], value[2][-1]


def index(
    paths: Iterable[str], source_folders: Iterable[str] = ()
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Dotted names for paths, and paths by every dotted name an import may use.

    A module's own name starts at the nearest folder around it that is no package.  Folders
    without `__init__.py` may be namespace packages as well, so a module is also found by the
    longer names that start at any folder further up.  Names also start at `source_folders`, be
    they packages or not; those are relative to the project's folder, like `paths`."""
    ordered = sorted(paths)
    packages = {p.rpartition("/")[0] for p in ordered if p.rpartition("/")[2] == "__init__.py"}
    names: dict[str, str] = {}
    by_name: dict[str, list[str]] = {}
    # What the names of all files of a folder begin with: its own name first, then the others.
    beginnings: dict[str, list[str]] = {}
    for path in ordered:
        folder, _, file = path.rpartition("/")
        stem = file.rpartition(".")[0]
        begun = beginnings.get(folder)
        if begun is None:
            begun = beginnings[folder] = _beginnings(folder, packages, source_folders)
        if stem == "__init__":
            full = begun
        else:
            full = [f"{beginning}.{stem}" if beginning else stem for beginning in begun]
        names[path] = full[0] or stem
        for name in full[1:]:
            if name:
                by_name.setdefault(name, []).append(path)
    for folder in packages:
        by_name.setdefault(folder.rpartition("/")[2], [])
    return names, by_name


def _beginnings(folder: str, packages: set[str], source_folders: Iterable[str]) -> list[str]:
    """The dotted name of a folder, and then every name that an import may have for it."""
    parts = folder.split("/") if folder else []
    depth = len(parts)
    while depth and "/".join(parts[:depth]) in packages:
        depth -= 1
    named = [root.count("/") + 1 for root in source_folders if f"{folder}/".startswith(f"{root}/")]
    starts = [depth, *(n for n in named if n > depth), *range(depth, -1, -1)]
    return [".".join(parts[start:]) for start in starts]


__all__ = ["Definition", "LinkedModule", "Nothing", "Project", "Seen", "Subject"]
