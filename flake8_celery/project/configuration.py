"""What an app is configured with: every setting written, in its layer, and which one wins.

Layers, the strongest first (`celery/app/base.py: _load_config`, `celery/app/utils.py: Settings`):
everything given to `Celery(...)` or written to `app.conf`; `add_defaults`, the last call first;
the config object, of which there is one, the last; Celery's own defaults.

Each setting has several spellings: under the namespace, its name since 4.0, its name before.
Since Celery 5.7 the strongest layer wins, whatever the spelling; before, the first spelling won,
through all layers.  Where the releases that a project may run on disagree, asking is Undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ..celery import settings as table
from ..facts import Assignment, Expr, Span
from ..rule import Undecided, Where
from .apps import APP_SIGNALS, PARAMETERS, App, app_of_expr, key_span
from .names import External, LinkedModule, Variable
from .sources import (
    DJANGO_SETTINGS,
    FLASK,
    ConfigObject,
    Written,
    config_objects,
    django_profiles,
    django_setting,
    flask_config,
    flask_value,
    is_certain,
    mapping_object,
    objects_named,
    open_object,
)
from .subject import Subject, is_test_path
from .values import Const, Items, Mapping, Ref, Unknown, Value, flatten, same

if TYPE_CHECKING:
    from . import Project

__all__ = ["ConfigCall", "Configuration", "Setting", "django_profiles", "django_setting"]

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
        names = {self.name_in(legacy) for legacy in generations(self.project)}
        if len(names) == 1:
            return names.pop()
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


class ConfigCall(Subject):
    """A call of `config_from_object` or `config_from_envvar`, `method`, on `app`."""

    __slots__ = ("app", "call", "method")

    def __init__(self, statement: Statement) -> None:
        module = statement.module
        super().__init__(
            statement.project, module, statement.scope, statement.block, statement.span
        )
        self.app = statement.app
        self.method = statement.kind
        self.call = statement.expr

    @classmethod
    def collect(cls, project: Project) -> list[ConfigCall]:
        """Every such call of the project."""
        return [
            ConfigCall(statement)
            for statement in statements(project)
            if statement.kind in ("config_from_object", "config_from_envvar")
        ]


class Opening:
    """Something in a layer that may set any key."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


Entry = Setting | Opening


class Profile:
    """One config object an app may have: its settings by key."""

    __slots__ = ("by_key", "name", "open_reasons", "production", "settings")

    def __init__(self, app: App, source: ConfigObject) -> None:
        self.name = source.name
        self.production = source.production
        self.open_reasons = source.open_reasons
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


class Configuration:
    """Everything that one app is configured with."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.project = app.project
        self.namespace: str | None = None
        self.namespace_unknown = False
        self.django = False
        self.anchor = app.where
        # The weakest first in each list.
        self._changes: list[Entry] = []
        # One list for each call of `add_defaults`.
        self._defaults: list[list[Entry]] = []
        self.profiles: list[Profile] = []
        # Writes in tests: they are settings, but configure the app in tests only.
        self._in_tests: list[Setting] = []
        self._known: dict[str, Setting | None] = {}
        self._by_name: dict[str | None, list[Setting]] | None = None
        # What asks for the configuration while it is being built sees what is there.
        app._configuration = self
        self._read_constructor()
        self._read_statements()

    # What is there

    @property
    def settings(self) -> list[Setting]:
        """Every setting that is written, in all layers and profiles."""
        found = [e for e in self._entries() if isinstance(e, Setting)]
        for profile in sorted(self.profiles, key=lambda profile: not profile.production):
            found += profile.settings
        return found + self._in_tests

    @property
    def open_reasons(self) -> list[str]:
        """Why there may be settings that are not seen; empty when the configuration is closed."""
        found = [e.reason for e in self._entries() if isinstance(e, Opening)]
        for profile in self.production_profiles:
            found += profile.open_reasons
        return found

    @property
    def closed(self) -> bool:
        """Whether every place that may configure the app was read."""
        return not self.open_reasons

    @property
    def production_profiles(self) -> list[Profile]:
        """The profiles that are not made for tests or development; none when there is no config
        object at all."""
        return [profile for profile in self.profiles if profile.production]

    @property
    def profiles_or_none(self) -> list[Profile | None]:
        """The same, with None for "no config object"."""
        return [*self.production_profiles] or [None]

    def setting(self, name: str) -> Setting | None:
        """The write of a setting (by its name since 4.0) that wins.

        None: Celery's own default holds.  Raises Undecided when it may be set where it is not
        seen, when it is not certain which write wins, or when that depends on the release."""
        if name not in self._known:
            self._known[name] = self._winner(name)
        return self._known[name]

    def get(self, name: str) -> Value | None:
        """The value of a setting; None when it is Celery's own default.  Raises as `setting`."""
        setting = self.setting(name)
        return None if setting is None else setting.value

    def writes(self, name: str) -> list[Setting]:
        """Every write of a setting, winners and losers, tests left out."""
        if self._by_name is None:
            self._by_name = {}
            for setting in self.settings:
                if not setting.in_test:
                    for known in {setting.name_in(g) for g in generations(self.project)}:
                        self._by_name.setdefault(known, []).append(setting)
        return self._by_name.get(name, [])

    def _entries(self) -> list[Entry]:
        return [*self._changes, *(entry for layer in self._defaults for entry in layer)]

    # Which write wins

    def _winner(self, name: str) -> Setting | None:
        profiles = self.profiles_or_none
        found = [
            self._winner_in(name, profile, legacy)
            for legacy in generations(self.project)
            for profile in profiles
        ]
        first = found[0]
        if all(setting is first for setting in found):
            return first
        settings = [setting for setting in found if setting is not None]
        if len(settings) < len(found):
            raise Undecided(f"`{name}` is not set in every release or profile")
        if all(equal(settings[0].value, other.value) for other in settings):
            return settings[0]
        places = {setting.where for setting in settings}
        if len(generations(self.project)) * len(places) < len(found) or len(profiles) == 1:
            raise Undecided(f"which `{name}` wins depends on the Celery release")
        return _union(self.app, settings)

    def _winner_in(self, name: str, profile: Profile | None, legacy: bool) -> Setting | None:
        entries = list(self.candidates(name, profile, legacy))
        if not entries:
            if profile is not None and profile.open_reasons:
                raise Undecided(f"`{name}` may be set elsewhere: {profile.open_reasons[0]}")
            return None
        settings = [entry for entry in entries if isinstance(entry, Setting)]
        if settings and settings[0] is entries[0] and settings[0].certain:
            return settings[0]
        if len(settings) == len(entries) and settings[-1].certain:
            if all(equal(settings[0].value, other.value) for other in settings):
                return settings[0]
        raise Undecided(f"it is not certain what sets `{name}`")

    def candidates(self, name: str, profile: Profile | None, legacy: bool) -> Iterator[Entry]:
        """The writes that may win, the strongest first, up to the first that is certain."""
        style = self._style(profile)
        changes = self._translated()
        layers: list[Callable[[str], Iterator[Entry]]] = [
            lambda key: self._matching(changes, key, style)
        ]
        for defaults in reversed(self._defaults):
            layers.append(partial(self._matching, defaults, style=""))
        if profile is not None:
            layers.append(lambda key: iter([profile.by_key[key]] if key in profile.by_key else []))
        keys = table.spellings(name, self.namespace)
        if legacy:
            pairs = [(key, layer) for key in keys for layer in layers]
        else:
            pairs = [(key, layer) for layer in layers for key in keys]
        end = (name if style == "new" else keys[-1]) if legacy else None
        last = layers[-1]
        given: set[int] = set()
        for key, layer in pairs:
            for entry in layer(key):
                if id(entry) in given:
                    continue
                given.add(id(entry))
                yield entry
                if isinstance(entry, Setting) and entry.certain:
                    return
            if key == end and layer is last:
                return

    def _translated(self) -> list[Entry]:
        """What was written to the app, the weakest first.

        Celery translates what is written before it reads the configuration key by key, in the
        order in which each key was first written; so of two spellings of a setting the one that
        came up later wins, even if the other was written again after it."""
        first: dict[str, int] = {}
        order: list[tuple[bool, int, int, Entry]] = []
        for place, entry in enumerate(self._changes):
            late = isinstance(entry, Setting) and entry.late
            at = place
            if isinstance(entry, Setting) and not late:
                at = first.setdefault(_plain_key(entry), place)
            order.append((late, at, place, entry))
        order.sort(key=lambda item: item[:3])
        return [entry for *_, entry in order]

    def _matching(self, layer: list[Entry], key: str, style: str) -> Iterator[Entry]:
        for entry in reversed(layer):
            if isinstance(entry, Opening) or self._stored(entry, style) == key:
                yield entry

    @staticmethod
    def _stored(setting: Setting, style: str) -> str:
        """The key under which a write is kept: before Celery reads its configuration, all keys
        are translated to the style of names that the project uses most."""
        key = _plain_key(setting)
        if setting.layer == DEFAULTS or setting.late or not style:
            return key
        if style == "new":
            return table.to_new(key)
        return table.to_old(key)

    @property
    def style(self) -> str:
        """ "old" where names from before 4.0 are the rule in production, else "new"."""
        styles = {self._style(profile) for profile in self.profiles_or_none}
        return "old" if "old" in styles else "new"

    @property
    def constructor_keys(self) -> list[str]:
        """The settings that `Celery(...)` was given by keyword."""
        return [
            _plain_key(entry)
            for entry in self._changes
            if isinstance(entry, Setting) and entry.layer == CONSTRUCTOR
        ]

    def judged_together(self, setting: Setting) -> Iterator[list[Setting]]:
        """The settings among which Celery looks for two generations of names, where `setting` is
        one of them: those of the config object, or without one what is written before Celery
        reads the configuration (`celery/app/utils.py: detect_settings`)."""
        for profile in self.profiles_or_none:
            if profile is not None and profile.by_key:
                group = [s for s in profile.by_key.values() if s.certain]
            else:
                group = [
                    entry
                    for entry in self._changes
                    if isinstance(entry, Setting)
                    and entry.layer == WRITE
                    and entry.certain
                    and not entry.late
                ]
            if any(other.place == setting.place for other in group):
                yield group

    def _style(self, profile: Profile | None) -> str:
        """Whether names from before 4.0 or since are the rule (`detect_settings`)."""
        if self.namespace:
            return "new"
        if profile is not None and profile.by_key:
            keys = set(profile.by_key)
        else:
            keys = {
                entry.key
                for entry in self._changes
                if isinstance(entry, Setting) and entry.layer == WRITE and not entry.late
            }
        keys.difference_update(self.constructor_keys)
        old = sum(table.is_old(key) for key in keys)
        new = sum(table.is_new(key) for key in keys)
        return "old" if old > new else "new"

    # Reading what is written

    def _read_constructor(self) -> None:
        app = self.app
        _, keywords, starred = app.arguments
        spans = {keyword: span for keyword, _, span in app.call[4] if keyword is not None}
        namespace = app.argument("namespace")
        if namespace is not None:
            self._set_namespace(namespace)
        changes = app.argument("changes")
        if changes is not None:
            self._add_mapping(changes, self._changes, CONSTRUCTOR, True, 0)
        given = {name: app.argument(name) for name in SETTING_PARAMETERS}
        given |= {key: value for key, value in keywords.items() if key not in PARAMETERS}
        for key, value in given.items():
            if value is None or (isinstance(value, Const) and value.constant is None):
                continue
            span = spans.get(key)
            where = value.where
            if span is not None:
                where = Where(app.module, key_span(key, span))
            may_be_none = any(
                isinstance(option, Const) and option.constant is None
                for option in value.alternatives()
            )
            written = Written(key, where, _constant(value), not may_be_none)
            self._changes.append(Setting(app, written, CONSTRUCTOR, scope=app.scope))
        if starred:
            self._changes.append(Opening("arguments of the app that are not known"))
        source = _argument_expr(app.call, "config_source", PARAMETERS.index("config_source"))
        if source is not None:
            self._set_object(app.module, app.scope, source, True)

    def _set_namespace(self, value: Value) -> None:
        if isinstance(value, Const):
            constant = value.constant
            self.namespace = constant if isinstance(constant, str) and constant else None
        else:
            self.namespace_unknown = True
            self._changes.append(Opening("a namespace that is not known"))

    def _set_object(self, module: LinkedModule, scope: int, expr: Expr, certain: bool) -> None:
        """The last config object replaces those before it."""
        objects = config_objects(self.project, module, scope, expr)
        self._use(objects, certain)

    def _use(self, objects: list[ConfigObject], certain: bool) -> None:
        profiles = [Profile(self.app, source) for source in objects]
        self.profiles = profiles if certain else [*self.profiles, *profiles]

    def _read_statements(self) -> None:
        home = self.app.module.path
        tests = self.app.in_test
        # What an unknown app is configured with may concern this one; tests keep to themselves.
        events = [
            e
            for e in statements(self.project)
            if e.app is self.app
            or (
                e.app is None
                and (e.module.path == home or not (tests or is_test_path(e.module.path)))
            )
        ]
        events.sort(key=lambda e: (e.module.path != home, e.module.path, tuple(e.span[:2])))
        for event in events:
            if is_test_path(event.module.path) and not tests:
                self._read_test_event(event)
            elif event.kind in SOURCE_METHODS:
                self._read_source(event)
        for event in events:
            if event.kind not in SOURCE_METHODS and (tests or not is_test_path(event.module.path)):
                self._read_write(event)

    def _read_test_event(self, event: Statement) -> None:
        if event.app is self.app and event.kind == "key" and event.change.op == "=":
            setting = self._setting_of(event, True)
            self._in_tests.append(setting)

    def _certain(self, event: Statement) -> bool:
        """Whether a statement surely runs for this app."""
        module, scope = event.module, event.scope
        if event.app is None or not is_certain(module, event.block):
            return False
        if scope == 0 or (module is self.app.module and scope == self.app.scope):
            return True
        return _is_handler(module, scope)

    def _read_source(self, event: Statement) -> None:
        certain = self._certain(event)
        call = event.expr
        if event.kind == "add_defaults":
            expr = _argument_expr(call, "fun", 0)
            if expr is not None:
                self._add_defaults(event.module, event.scope, expr, certain)
            return
        if event.kind == "config_from_envvar":
            self._use(self._named_by_environment(event), certain)
            return
        expr = _argument_expr(call, "obj", 0)
        if expr is None:
            self._changes.append(Opening("config_from_object with arguments not known"))
            return
        namespace = _argument_expr(call, "namespace", 3)
        if namespace is not None:
            value = self.project.values.evaluate(namespace, event.module, event.scope)
            if not (isinstance(value, Const) and value.constant is None):
                self._set_namespace(value)
        if not certain and event.app is None and self.profiles:
            # Somebody's `config_from_object`, while this app has its own.
            return
        self._set_object(event.module, event.scope, expr, certain or not self.profiles)
        value = self.project.values.evaluate(expr, event.module, event.scope)
        if is_django(value):
            self.django = True
            if event.module is self.app.module:
                self.anchor = Where(event.module, call[1])

    def _named_by_environment(self, event: Statement) -> list[ConfigObject]:
        """The config object of `config_from_envvar("X")`, when the project itself sets X."""
        variable = _argument_expr(event.expr, "variable_name", 0)
        for assignment in event.module.facts.assignments:
            target, value = assignment.target, assignment.value
            found: Expr | None = None
            if assignment.op == "=" and target[0] == "sub" and _ends_in(target[2], "environ"):
                key, found = target[3], value
            elif assignment.op == ".setdefault" and _ends_in(target, "environ"):
                arguments = value[3]
                if len(arguments) != 2:
                    continue
                key, found = arguments
            else:
                continue
            if variable is not None and key[0] == "const" and key[2] == variable[2]:
                named = self.project.values.evaluate(found, event.module, assignment.scope)
                if isinstance(named, Const) and isinstance(named.constant, str):
                    return objects_named(self.project, event.module, named.constant)
        return [open_object("a module that an environment variable names")]

    def _add_defaults(self, module: LinkedModule, scope: int, expr: Expr, certain: bool) -> None:
        value = self.project.values.evaluate(expr, module, scope)
        function = getattr(getattr(value, "target", None), "facts", None)
        if function is not None and function.kind in ("function", "lambda"):
            value = self.project.values.returned(value.target, value.where)  # type: ignore[attr-defined]
        layer: list[Entry] = []
        self._defaults.append(layer)
        self._add_mapping(value, layer, DEFAULTS, certain, scope)

    def _add_mapping(
        self,
        value: Value,
        layer: list[Entry],
        name: str,
        certain: bool,
        scope: int,
        origin: str = "",
    ) -> None:
        options = value.alternatives()
        for option in options:
            if not isinstance(option, Mapping):
                layer.append(Opening(option.describe()))
                continue
            source = mapping_object(option)
            layer += [Opening(reason) for reason in source.open_reasons]
            for written in source.written:
                setting = Setting(self.app, written, name)
                setting.certain = certain and len(options) == 1
                setting.source = origin
                layer.append(setting)

    def _read_write(self, event: Statement) -> None:
        certain = self._certain(event)
        if event.app is None and not certain and event.kind == "all":
            value = self._argument_of(event)
            if not isinstance(value, Mapping) or value.open:
                self._changes.append(Opening("a write to an app that cannot be followed"))
                return
        if event.kind == "key":
            if event.change.op == "=":
                self._changes.append(self._setting_of(event, certain))
            elif event.change.op == "del":
                deleted = Written(event.key, event.where, _deleted(event.where))
                self._changes.append(Setting(self.app, deleted, WRITE).unsure())
            else:
                self._change_in_place(event)
        elif event.kind == "inside":
            self._change_in_place(event)
        elif event.change.op == ".update":
            self._update(event, certain)
        elif event.change.op == ".setdefault" and len(event.change.value[3]) == 2:
            key = self.project.values.evaluate(event.change.value[3][0], event.module, event.scope)
            if isinstance(key, Const) and isinstance(key.constant, str):
                value = self.project.values.evaluate(
                    event.change.value[3][1], event.module, event.scope
                )
                written = Written(key.constant, key.where, _constant(value))
                self._changes.append(Setting(self.app, written, WRITE, scope=event.scope).unsure())
            else:
                self._changes.append(Opening("a key that is not known"))
        else:
            self._changes.append(Opening(f"`{event.change.op}` on the configuration"))

    def _argument_of(self, event: Statement) -> Value | None:
        if event.change.op != ".update" or not event.change.value[3]:
            return None
        expr = event.change.value[3][0]
        flask = flask_value(self.project, event.module, event.scope, expr)
        if flask is not None:
            return flask
        return self.project.values.evaluate(expr, event.module, event.scope)

    def _update(self, event: Statement, certain: bool) -> None:
        call = event.change.value
        value = self._argument_of(event)
        if value is not None:
            source = FLASK if value is flask_config(self.project) else ""
            self._add_mapping(value, self._changes, WRITE, certain, event.scope, source)
        for keyword, expr, span in call[4]:
            item = self.project.values.evaluate(expr, event.module, event.scope)
            if keyword is None:
                self._add_mapping(item, self._changes, WRITE, certain, event.scope)
                continue
            where = Where(event.module, key_span(keyword, span))
            setting = Setting(
                self.app, Written(keyword, where, _constant(item)), WRITE, scope=event.scope
            )
            setting.certain = certain
            self._changes.append(setting)

    def _setting_of(self, event: Statement, certain: bool) -> Setting:
        values, change = self.project.values, event.change
        written = Written(
            event.key,
            event.where,
            lambda: values.evaluate(change.value, event.module, change.scope),
            certain,
        )
        setting = Setting(self.app, written, WRITE, scope=event.scope)
        setting.late = _is_handler(event.module, event.scope)
        return setting

    def _change_in_place(self, event: Statement) -> None:
        """`app.conf.beat_schedule[...] = ...` and the like change what is there."""
        name = table.canonical(event.key, self.namespace, legacy=False, written="late")
        found = [
            entry
            for entry in self.settings
            if entry.name_in(False) == name or entry.key == event.key
        ]
        base = Written(event.key, event.where, _default_of(name, event.where))
        if not found:
            made = Setting(self.app, base, WRITE, scope=event.scope)
            made.certain = self._certain(event)
            self._changes.append(made)
            found = [made]
        for setting in found:
            setting.change(event.module, event.change)


# Statements that configure an app

SOURCE_METHODS = frozenset({"config_from_object", "config_from_envvar", "add_defaults"})


class Statement:
    """One statement that configures an app, or an app that is not known (`app` is None).

    `kind` is the method of SOURCE_METHODS with its call in `expr`, or what of `app.conf` is
    written: "key" for one key, "inside" for something within its value, "all" for several keys.
    The target of `change` is a bare name that stands for what is changed."""

    __slots__ = (
        "app",
        "block",
        "change",
        "expr",
        "key",
        "kind",
        "module",
        "project",
        "scope",
        "span",
    )

    def __init__(
        self,
        project: Project,
        app: App | None,
        module: LinkedModule,
        scope: int,
        block: int,
        kind: str,
        expr: Expr,
        span: Span,
        key: str = "",
        change: Any = None,
    ) -> None:
        self.project = project
        self.app = app
        self.module = module
        self.scope = scope
        self.block = block
        self.kind = kind
        self.expr = expr
        self.span = span
        self.key = key
        self.change = change

    @property
    def where(self) -> Where:
        """The place of the key."""
        return Where(self.module, self.span)


def statements(project: Project) -> list[Statement]:
    """Every statement of the project that configures an app."""
    if "statements" not in project.kept:
        found: list[Statement] = []
        for module in project.modules:
            found += _calls(project, module)
            found += _writes(project, module)
        project.kept["statements"] = found
    every: list[Statement] = project.kept["statements"]
    return every


def _calls(project: Project, module: LinkedModule) -> Iterator[Statement]:
    for scope, block, call, _ in module.facts.expressions:
        if call[0] == "call" and call[2][0] == "attr" and call[2][3] in SOURCE_METHODS:
            app = app_of_expr(project, module, scope, call[2][2])
            if app is None and call[2][3] == "add_defaults":
                continue
            yield Statement(project, app, module, scope, block, call[2][3], call, call[1])


def _writes(project: Project, module: LinkedModule) -> Iterator[Statement]:
    aliases = {
        a.target[2]
        for a in module.facts.assignments
        if a.op == "=" and a.target[0] == "name" and _ends_in(a.value, "conf")
    }
    for assignment in module.facts.assignments:
        target = assignment.target
        if target[0] == "name" and assignment.op == "=":
            continue
        path = _split_conf(project, module, assignment, aliases)
        if path is None:
            continue
        owner, steps = path
        app = app_of_expr(project, module, assignment.scope, owner)
        if app is None and not _may_be_app(project, module, assignment, owner, steps):
            continue
        yield from _statement_of(project, module, assignment, app, steps)


def _split_conf(
    project: Project, module: LinkedModule, assignment: Assignment, aliases: set[str]
) -> tuple[Expr, list[Expr]] | None:
    """The app of `app.conf.x[...]`, and the attributes and items after `conf`, outermost last."""
    steps: list[Expr] = []
    expr = assignment.target
    while expr[0] in ("attr", "sub"):
        if expr[0] == "attr" and expr[3] == "conf":
            return expr[2], steps[::-1]
        steps.append(expr)
        expr = expr[2]
    if expr[0] == "name" and expr[2] in aliases:
        target = project.names.lookup(expr[2], module, assignment.scope, expr[1][0])
        if isinstance(target, Variable):
            first = target.assignments[0].value
            if first[0] == "attr" and first[3] == "conf":
                return first[2], steps[::-1]
    return None


def _statement_of(
    project: Project,
    module: LinkedModule,
    change: Assignment,
    app: App | None,
    steps: list[Expr],
) -> Iterator[Statement]:
    scope, block = change.scope, change.block
    if not steps:
        yield Statement(
            project, app, module, scope, block, "all", change.target, change.span, "", change
        )
        return
    first = steps[0]
    if first[0] == "attr":
        key, span = first[3], attribute_span(first)
    else:
        value = project.values.evaluate(first[3], module, scope)
        if not (isinstance(value, Const) and isinstance(value.constant, str)):
            yield Statement(
                project, app, module, scope, block, "all", change.target, change.span, "", change
            )
            return
        key, span = value.constant, first[3][1]
    kind = "key" if len(steps) == 1 else "inside"
    moved = change._replace(target=_rebase(change.target, first))
    yield Statement(project, app, module, scope, block, kind, change.target, span, key, moved)


def attribute_span(expr: Expr) -> Span:
    """The place of the attribute's name in `x.name`."""
    _, _, row, column = expr[1]
    return (row, column - len(expr[3]), row, column)


def _rebase(target: Expr, base: Expr) -> Expr:
    """`target` with `base` replaced by a bare name."""
    if target is base:
        return ("name", base[1], "")
    return (target[0], target[1], _rebase(target[2], base), *target[3:])


def _may_be_app(
    project: Project,
    module: LinkedModule,
    assignment: Assignment,
    owner: Expr,
    steps: list[Expr],
) -> bool:
    """Whether a write to `<something>.conf` that cannot be followed may configure an app."""
    if steps and steps[0][0] == "attr":
        return table.canonical(steps[0][3], None, legacy=False) is not None
    if steps:
        key = steps[0][3]
        return key[0] == "const" and table.canonical(str(key[2]), None, legacy=False) is not None
    name = owner[2] if owner[0] == "name" else owner[3] if owner[0] == "attr" else ""
    return assignment.op == ".update" and isinstance(name, str) and "celery" in name.lower()


def _is_handler(module: LinkedModule, scope: int) -> bool:
    """Whether a function is connected to a signal of an app, by its decorator."""
    for decorator in module.facts.scopes[scope].decorators:
        callee = decorator[2] if decorator[0] == "call" else decorator
        if callee[0] == "attr" and callee[3] == "connect" and callee[2][0] == "attr":
            if callee[2][3] in APP_SIGNALS:
                return True
    return False


# Small helpers


def _plain_key(setting: Setting) -> str:
    """The key as Celery keeps it: `Celery(broker=)` sets `broker_url`."""
    if setting.layer == CONSTRUCTOR:
        return SETTING_PARAMETERS.get(setting.key, setting.key)
    return setting.key


def _union(app: App, settings: list[Setting]) -> Setting:
    """One setting that has one of several values, at the place of the first."""
    first = settings[0]
    value = flatten(first.where, [setting.value for setting in settings])
    made = Setting(app, Written(first.key, first.where, _constant(value)), first.layer)
    made.production = first.production
    return made


def equal(a: Value, b: Value) -> bool:
    """Whether two values are known to be the same."""
    if a is b:
        return True
    return a.known and b.known and same(a.value, b.value)


def _constant(value: Value) -> Callable[[], Value]:
    return lambda: value


def _deleted(where: Where) -> Callable[[], Value]:
    return lambda: Unknown(where, "deleted")


def _default_of(name: str | None, where: Where) -> Callable[[], Value]:
    """Celery's own default, where it is a dict or a list that can be changed in place."""
    known = table.SETTINGS.get(name or "")
    if known is not None and known.default == {}:
        return lambda: Mapping(where, [], False)
    if known is not None and known.default in ([], ()):
        return lambda: Items(where, type(known.default).__name__, [], False)
    return lambda: Unknown(where, "changed in place")


def _argument_expr(call: Expr, name: str, place: int) -> Expr | None:
    """The expression given for a parameter by keyword or position; None when there is none."""
    for keyword, value, _ in call[4]:
        if keyword == name:
            found: Expr = value
            return found
    if place < len(call[3]) and all(a[0] != "star" for a in call[3][: place + 1]):
        found = call[3][place]
        return found
    return None


def _ends_in(expr: Expr, attribute: str) -> bool:
    return bool(expr[0] == "attr" and expr[3] == attribute)


def is_django(value: Value) -> bool:
    """Whether a value stands for Django's settings, as a text or as the object."""
    if isinstance(value, Const):
        return value.constant in DJANGO_SETTINGS
    return (
        isinstance(value, Ref)
        and isinstance(value.target, External)
        and value.target.name in DJANGO_SETTINGS
    )
