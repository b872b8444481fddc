"""How a project is run: the `celery worker`, `beat` and `flower` commands of its deployment files.

They are evidence only.  No file has to exist, a file that is not understood says nothing, and what
a shell or a template decides is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...facts import Module
from ...rule import Undecided
from ..apps import App, app_of
from ..names import LinkedModule, ModuleRef, Target
from ..subject import Subject

if TYPE_CHECKING:
    from .. import Project
    from .found import Found

LARGEST = 1 << 19


class Command(Subject):
    """One Celery command of a deployment file; `path:row` is its place.

    `kind` is "worker", "beat", "flower" or "multi".  `options` are those given, by their long
    names without dashes.  Ask with `option`, `number`, `queues` and `variable`: they raise
    Undecided for what is not known and give None for what is surely not given."""

    __slots__ = ("environment", "environment_closed", "kind", "open", "options", "published")

    def __init__(self, project: Project, module: LinkedModule, found: Found) -> None:
        super().__init__(project, module, 0, 0, (found.row, 1, found.row, 1))
        self.kind = found.parsed.kind
        self.options = found.parsed.options
        self.open = found.parsed.open
        self.environment = found.environment
        self.environment_closed = found.closed
        self.published = found.published

    @classmethod
    def collect(cls, project: Project) -> list[Command]:
        """Every command, in the order of files and rows."""
        return project.once(_read_all, project)[0]

    @property
    def path(self) -> str:
        """Its file, relative to the root."""
        return self.module.path

    @property
    def row(self) -> int:
        """The row that it, or the value that holds it, begins at."""
        return self.span[0]

    @property
    def is_worker(self) -> bool:
        """Whether it starts workers."""
        return self.kind in ("worker", "multi")

    def option(self, name: str) -> str | None:
        """An option's value by its long name (`"time-limit"`), "" for a flag; None: not given."""
        word = self.options.get(name)
        if word is None:
            # Click's `auto_envvar_prefix`.
            word = self.environment.get(f"CELERY_{self.kind}_{name.replace('-', '_')}".upper())
        if word is None:
            if self.open:
                raise Undecided(f"`--{name}` may be among the words that are not known")
            return None
        if not word.known:
            raise Undecided(f"`--{name}` is `{word.text}`")
        return word.text

    def number(self, name: str) -> float | None:
        """An option's value as a number; None: not given."""
        text = self.option(name)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            raise Undecided(f"`--{name}` is `{text}`, no number") from None

    @property
    def queues(self) -> tuple[str, ...] | None:
        """What `-Q` names; None: the queues of the configuration."""
        text = self.option("queues")
        return None if text is None else tuple(text.split(","))

    @property
    def embeds_beat(self) -> bool:
        """Whether it is a worker with `-B`."""
        return self.is_worker and self.option("beat") is not None

    def variable(self, name: str) -> str | None:
        """A variable of its environment; None: surely not set."""
        word = self.environment.get(name)
        if word is None:
            if not self.environment_closed:
                raise Undecided(f"something else may set `{name}`")
            return None
        if not word.known:
            raise Undecided(f"`{name}` is `{word.text}`")
        return word.text

    @property
    def app(self) -> App | None:
        """The app that `-A` names, found as `celery.app.utils.find_app` does; None where that is
        not known."""
        word = self.options.get("app") or self.environment.get("CELERY_APP")
        return find_app(self.project, word.text, self.module) if word and word.known else None


def commands_of(app: App) -> list[Command]:
    """The commands that surely run an app."""
    return [command for command in app.project.all(Command) if command.app is app]


def worker_commands(app: App) -> list[Command]:
    """The worker commands that surely run an app."""
    return [command for command in commands_of(app) if command.is_worker]


def may_name(app: App, queue: str) -> bool:
    """Whether a worker that may run an app may be started with `-Q queue`."""
    for command in app.project.all(Command):
        if not command.is_worker or command.app not in (None, app):
            continue
        try:
            if queue in (command.queues or ()):
                return True
        except Undecided:
            return True
    return False


def may_give(app: App, *options: str) -> bool:
    """Whether a worker that may run an app may be started with one of the options."""
    for command in app.project.all(Command):
        if not command.is_worker or command.app not in (None, app):
            continue
        try:
            if any(command.option(name) is not None for name in options):
                return True
        except Undecided:
            return True
    return False


def unreadable_files(project: Project) -> list[tuple[str, str]]:
    """The deployment files that speak of Celery and are not understood: path and reason."""
    return project.once(_read_all, project)[1]


def find_app(project: Project, name: str, importer: LinkedModule) -> App | None:
    """The app of `celery -A name`, as seen from a file; None where that is not known."""
    name = name.removesuffix(":")
    dotted, colon, attribute = name.partition(":")
    if colon:
        return _member(project, dotted, attribute, importer)
    parent, _, attribute = dotted.rpartition(".")
    named = _member(project, parent, attribute, importer) if parent else None
    if named is not None:
        return named
    module = project.find(dotted, importer)
    below = project.find(f"{dotted}.celery", importer)
    if module is None:
        # A folder without `__init__.py` is a package all the same.
        return find_app(project, f"{dotted}.celery", importer) if below is not None else None
    for attribute in ("app", "celery"):
        if attribute in module.names(0):
            target = project.names.member(ModuleRef(module), attribute, module)
            if not isinstance(target, ModuleRef):
                return app_of(project, target)
    if module.is_package and below is not None:
        return find_app(project, f"{dotted}.celery", importer)
    apps = [app for app in project.all(App) if app.module is module and app.scope == 0]
    return apps[0] if len(apps) == 1 else None


def _member(project: Project, dotted: str, attribute: str, importer: LinkedModule) -> App | None:
    module = project.find(dotted, importer)
    if module is None:
        return None
    target: Target = ModuleRef(module)
    for part in attribute.split("."):
        target = project.names.member(target, part, module)
    return app_of(project, target)


def _read_all(project: Project) -> tuple[list[Command], list[tuple[str, str]]]:
    # A project without such files pays for none of this.
    from .formats import reader_of
    from .found import Unreadable

    commands: list[Command] = []
    problems: list[tuple[str, str]] = []
    for path in sorted(project.deployment_files):
        reader = reader_of(path)
        if reader is None:
            continue
        data = project.text_at(path)
        if b"celery" not in data and b"CELERY" not in data:
            continue
        # Most that speak of Celery only install it; TOML and YAML are slow to import and read.
        if not any(kind in data for kind in (b"worker", b"beat", b"flower", b"multi")):
            continue
        try:
            if len(data) > LARGEST:
                raise Unreadable("it is too large")
            if b"\0" in data:
                raise Unreadable("it is no text")
            # Commands are ASCII: what is not UTF-8 is in comments and descriptions.
            text = data.decode("utf-8-sig", "replace")
            module = LinkedModule(path, path, Module((), (), (), (), (), None, {}, None))
            found = sorted(reader(text), key=lambda one: one.row)
            commands += [Command(project, module, one) for one in found]
        except (Unreadable, RecursionError) as error:
            problems.append((path, str(error)))
    return commands, problems


__all__ = [
    "Command",
    "commands_of",
    "find_app",
    "may_give",
    "may_name",
    "unreadable_files",
    "worker_commands",
]
