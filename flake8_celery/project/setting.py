"""One setting as it is written somewhere, and the pieces of a configuration made of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..celery import settings as table
from ..facts import Assignment
from ..rule import Undecided
from .apps import App
from .config_objects import ConfigObject, Written, is_certain
from .names import LinkedModule
from .subject import Subject
from .values import Value

if TYPE_CHECKING:
    from . import Project

CONSTRUCTOR = "constructor"
WRITE = "write"
DEFAULTS = "defaults"
OBJECT = "object"

# Parameters of `Celery` that are settings under another name.
SETTING_PARAMETERS = {"broker": "broker_url", "backend": "result_backend", "include": "include"}
FIRST_BY_LAYER = 5, 7


class Setting(Subject):
    """One key as it is written somewhere, for one app.

    `key` is the key as written (`broker` for `Celery(broker=)`), `layer` is "constructor",
    "write", "defaults" or "object".  `certain` is False where a branch, or a function that may
    not be called, writes it; `late` says that Celery has certainly read its configuration
    before; `production` is False in a profile for tests or development; `source` is the dotted
    name of the module or class that holds it as a config object."""

    __slots__ = (
        "_changes",
        "_names",
        "app",
        "certain",
        "key",
        "late",
        "layer",
        "plain",
        "production",
        "source",
        "written",
    )

    def __init__(self, app: App, written: Written, layer: str, *, scope: int = 0) -> None:
        super().__init__(app.project, written.where.module, scope, 0, written.where.span)
        self.app = app
        self.written = written
        self.key = written.key
        self.layer = layer
        self.certain = written.certain
        self.plain = written.plain
        self.late = False
        self.production = True
        self.source = ""
        self._changes: list[tuple[LinkedModule, Assignment]] = []
        self._names: set[str | None] | None = None

    def __repr__(self) -> str:
        return f"Setting({self.key!r}, {self.where.shown})"

    @classmethod
    def collect(cls, project: Project) -> list[Setting]:
        """Every setting of every app, one per place; Django's that several apps share, once."""
        found: dict[tuple[str, int, int], Setting] = {}
        for app in sorted(project.all(App), key=lambda app: app.in_test):
            # A place that several profiles share counts as production's; those come first.
            for setting in app.configuration.settings:
                found.setdefault(setting.place, setting)
        return [found[place] for place in sorted(found)]

    @property
    def name(self) -> str | None:
        """The name of the setting that the key sets; None when Celery ignores the key.  Raises
        Undecided where that depends on the Celery release."""
        if self._names is None:
            self._names = {self.name_in(legacy) for legacy in generations(self.project)}
        if len(self._names) == 1:
            return next(iter(self._names))
        raise Undecided(f"`{self.key}` depends on the Celery release")

    def name_in(self, legacy: bool) -> str | None:
        """The same for Celery 5.6 and older (`legacy`), or for 5.7 and newer."""
        if self.layer == CONSTRUCTOR and self.key in SETTING_PARAMETERS:
            return SETTING_PARAMETERS[self.key]
        namespace = self.app.configuration.namespace
        if self.layer in (DEFAULTS, OBJECT):
            return table.canonical(self.key, namespace, legacy=legacy)
        written: table.Written = "late" if self.late else "early"
        return table.canonical(self.key, namespace, legacy=legacy, written=written)

    @property
    def value(self) -> Value:
        """What is known of the value, in-place changes by the project included."""
        value = self.written.value
        for module, change in self._changes:
            certain = is_certain(module, change.block)
            value = self.project.values.changed(value, change, module, change.scope, certain)
        return value

    @property
    def may_win(self) -> bool:
        """Whether it is, or may be, what Celery reads in production; False when another write
        certainly wins, or when Celery ignores the key in every release."""
        configuration = self.app.configuration
        return self.production and any(
            self in configuration.candidates(name, profile, legacy)
            for legacy in generations(self.project)
            for profile in configuration.profiles_or_none
            if (name := self.name_in(legacy)) is not None
        )

    @property
    def in_test(self) -> bool:
        """Whether it is written in test code, or in a profile for tests or development."""
        return not self.production or super().in_test

    @property
    def place(self) -> tuple[str, int, int]:
        """Path, row and column of the key: settings of several apps or profiles may share it."""
        return (self.module.path, self.span[0], self.span[1])

    def change(self, module: LinkedModule, change: Assignment) -> None:
        """Adds a change in place; its target is a bare name that stands for the value."""
        self._changes.append((module, change))

    def unsure(self) -> Setting:
        """Marks the setting as one that may not be written at run time."""
        self.certain = False
        return self


class Opening:
    """Something in a layer that may set any key."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


Entry = Setting | Opening


class Profile:
    """One config object an app may have: its settings by key."""

    __slots__ = ("by_key", "empty", "name", "open_reasons", "production", "settings")

    def __init__(self, app: App, source: ConfigObject) -> None:
        self.name = source.name
        self.production = source.production
        self.open_reasons = source.open_reasons
        # An empty dict counts as no config object at all; a module or class is never empty, and
        # what is not known is hardly ever.
        self.empty = not source.written and not source.name and not source.open_reasons
        self.by_key: dict[str, Setting] = {}
        self.settings: list[Setting] = []
        for written in source.written:
            setting = Setting(app, written, OBJECT)
            setting.production = source.production
            setting.source = source.name
            self.by_key[written.key] = setting
            self.settings.append(setting)


def generations(project: Project) -> tuple[bool, ...]:
    """The ways to look up settings that the project's Celery may have: True for 5.6 and older,
    False for 5.7 and newer."""
    low, high = project.celery
    legacy = low < FIRST_BY_LAYER
    modern = high is None or high >= FIRST_BY_LAYER
    return tuple(
        generation for generation, there in ((False, modern), (True, legacy)) if there
    ) or (False,)


def plain_key(setting: Setting) -> str:
    """The key as Celery keeps it: `Celery(broker=)` sets `broker_url`."""
    if setting.layer == CONSTRUCTOR:
        return SETTING_PARAMETERS.get(setting.key, setting.key)
    return setting.key
