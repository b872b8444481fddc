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
from typing import TYPE_CHECKING

from ..celery import settings as table
from ..facts import Expr
from ..rule import Undecided, Where
from .apps import PARAMETERS, App, key_span
from .conf_statements import (
    SOURCE_METHODS,
    ConfigCall,
    Statement,
    argument_expr,
    ends_in,
    is_handler,
    statements,
)
from .config_objects import ConfigObject, Written, is_certain, mapping_object, open_object
from .django import django_setting
from .imports import comes_along
from .names import External, LinkedModule
from .setting import (
    CONSTRUCTOR,
    DEFAULTS,
    OBJECT,
    SETTING_PARAMETERS,
    WRITE,
    Entry,
    Opening,
    Profile,
    Setting,
    generations,
    plain_key,
)
from .sources import (
    DJANGO_SETTINGS,
    FLASK,
    config_objects,
    flask_config,
    flask_value,
    objects_named,
)
from .subject import is_test_path
from .values import Const, Items, Mapping, Ref, Unknown, Value, flatten, same

if TYPE_CHECKING:
    pass

__all__ = [
    "CONSTRUCTOR",
    "DEFAULTS",
    "OBJECT",
    "SETTING_PARAMETERS",
    "WRITE",
    "ConfigCall",
    "Configuration",
    "Setting",
    "django_setting",
    "generations",
    "statements",
]


REPLACING = frozenset({"config_from_object", "config_from_envvar"})
REFUSED = "Celery refuses names from before and since 4.0 side by side"


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
        if any(self._refused(profile) for profile in self.profiles_or_none):
            found.append(REFUSED)
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
                if self.app.in_test or not setting.in_test:
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
        if self._refused(profile):
            raise Undecided(REFUSED)
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
        for entry in entries:
            if isinstance(entry, Opening):
                raise Undecided(f"`{name}` may be set elsewhere: {entry.reason}")
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
                at = first.setdefault(plain_key(entry), place)
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
        key = plain_key(setting)
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
            plain_key(entry)
            for entry in self._changes
            if isinstance(entry, Setting) and entry.layer == CONSTRUCTOR
        ]

    def judged_together(self, setting: Setting) -> Iterator[list[Setting]]:
        """The settings among which Celery looks for two generations of names, where `setting` is
        one of them: those of the config object, or without one what is written before Celery
        reads the configuration (`celery/app/utils.py: detect_settings`)."""
        for profile in self.profiles_or_none:
            group = self._group(profile)
            if any(other.place == setting.place for other in group):
                yield group

    def _group(self, profile: Profile | None) -> list[Setting]:
        if profile is not None and not profile.empty:
            return [setting for setting in profile.by_key.values() if setting.certain]
        return [
            entry
            for entry in self._changes
            if isinstance(entry, Setting)
            and entry.layer == WRITE
            and entry.certain
            and not entry.late
        ]

    def _refused(self, profile: Profile | None) -> list[str]:
        """The keys for which Celery refuses the configuration altogether."""
        keys = [setting.key for setting in self._group(profile)]
        return table.mixing(keys, self.constructor_keys, self.namespace)

    def _style(self, profile: Profile | None) -> str:
        """Whether names from before 4.0 or since are the rule (`detect_settings`)."""
        if self.namespace:
            return "new"
        if profile is not None and not profile.empty:
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
            self._add_mapping(changes, self._changes, WRITE, True)
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
        if app.chosen:
            self._changes.append(Opening("a class of the app that a setting names"))
        source = argument_expr(app.call, "config_source", PARAMETERS.index("config_source"))
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
        events = self._without_lost(events)
        for event in events:
            if is_test_path(event.module.path) and not tests:
                self._read_test_event(event)
            elif event.kind in SOURCE_METHODS:
                self._read_source(event)
        for event in events:
            if event.kind not in SOURCE_METHODS and (tests or not is_test_path(event.module.path)):
                self._read_write(event)

    def _without_lost(self, events: list[Statement]) -> list[Statement]:
        """The statements that count when all of them have run.

        Once a setting was read, what is written lives until the next `config_from_object`, which
        starts again from what was written before that first read."""
        kept: list[Statement] = []
        since_read: int | None = None
        for event in events:
            if event.kind == "read":
                at_home = event.module is self.app.module
                if since_read is None and at_home and self._certain(event):
                    since_read = len(kept)
                continue
            event.late = since_read is not None
            if since_read is not None and event.kind in REPLACING:
                if not self._certain(event):
                    self._changes.append(Opening("writes that a later config object may undo"))
                else:
                    before = [e for e in kept[:since_read] if e.kind != "add_defaults"]
                    gone = len(before) - since_read
                    kept = before + [e for e in kept[since_read:] if e.kind in REPLACING]
                    since_read += gone
            kept.append(event)
        return kept

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
            return comes_along(self.project, self.app.module, module)
        return is_handler(module, scope)

    def _read_source(self, event: Statement) -> None:
        certain = self._certain(event)
        call = event.expr
        if event.kind == "add_defaults":
            expr = argument_expr(call, "fun", 0)
            if expr is not None:
                self._add_defaults(event.module, event.scope, expr, certain)
            return
        if event.kind == "config_from_envvar":
            self._use(self._named_by_environment(event), certain)
            return
        expr = argument_expr(call, "obj", 0)
        if expr is None:
            self._changes.append(Opening("config_from_object with arguments not known"))
            return
        namespace = argument_expr(call, "namespace", 3)
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
        variable = argument_expr(event.expr, "variable_name", 0)
        for assignment in event.module.facts.assignments:
            target, value = assignment.target, assignment.value
            found: Expr | None = None
            if assignment.op == "=" and target[0] == "sub" and ends_in(target[2], "environ"):
                key, found = target[3], value
            elif assignment.op == ".setdefault" and ends_in(target, "environ"):
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
        self._add_mapping(value, layer, DEFAULTS, certain)

    def _add_mapping(
        self,
        value: Value,
        layer: list[Entry],
        name: str,
        certain: bool,
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
        there = len(self._changes)
        self._write(event)
        for entry in self._changes[there:]:
            if isinstance(entry, Setting) and event.late:
                entry.late = True

    def _write(self, event: Statement) -> None:
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
            self._add_mapping(value, self._changes, WRITE, certain, source)
        for keyword, expr, span in call[4]:
            item = self.project.values.held(expr, event.module, event.scope)
            if keyword is None:
                self._add_mapping(item, self._changes, WRITE, certain)
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
            lambda: values.held(change.value, event.module, change.scope),
            certain,
        )
        setting = Setting(self.app, written, WRITE, scope=event.scope)
        setting.late = is_handler(event.module, event.scope)
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


# Small helpers


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


def is_django(value: Value) -> bool:
    """Whether a value stands for Django's settings, as a text or as the object."""
    if isinstance(value, Const):
        return value.constant in DJANGO_SETTINGS
    return (
        isinstance(value, Ref)
        and isinstance(value.target, External)
        and value.target.name in DJANGO_SETTINGS
    )
