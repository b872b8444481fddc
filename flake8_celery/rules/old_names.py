"""Settings by their names from before Celery 4.0 (CEL333)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery import settings as table
from ..project.configuration import OBJECT, Configuration, Setting
from ..rule import PEDANTIC, SAFE, Edit, Report, report, rule
from .edits import text_at
from .settings import occurrences

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source


@rule(
    Setting,
    "CEL333",
    "celery-old-setting-name",
    PEDANTIC,
    says="`{key}` is a name from before Celery 4.0, which 6.0 will not read: write `{suggestion}`"
    "{namespace}",
)
def old_setting_name(setting: Setting, project: Project) -> Iterator[Report]:
    """A name that still works, and is announced to go."""
    if not is_old_name(setting) or is_refused(setting):
        return
    configuration = setting.app.configuration
    name = setting.name
    if name is None or configuration.namespace_unknown:
        return
    only_upper = configuration.django and setting.layer == OBJECT
    adds_namespace = only_upper and not configuration.namespace
    suggestion = new_name(setting, name)
    if suggestion == setting.key:
        # With the namespace, which its neighbours ask for, it is a new name already.
        return
    yield report(
        setting.where,
        key=setting.key,
        suggestion=suggestion,
        namespace=' and `namespace="CELERY"`' if adds_namespace else "",
        fix=None if adds_namespace else renames(configuration, setting),
    )


def is_old_name(setting: Setting) -> bool:
    """Whether a key is a name from before 4.0, and not the prefixed name since."""
    key = setting.key
    if not setting.plain or setting.in_test or not table.is_old(key) or table.is_new(key):
        return False
    namespace = setting.app.configuration.namespace
    return not namespace or table.working_spelling(table.to_new(key), namespace, upper=True) != key


def is_refused(setting: Setting) -> bool:
    """Whether Celery refuses the key beside names of the other generation, as CEL332 says."""
    configuration = setting.app.configuration
    return any(
        table.mixing([s.key for s in group], configuration.constructor_keys, None)
        for group in configuration.judged_together(setting)
        if not configuration.namespace
    )


def new_name(setting: Setting, name: str) -> str:
    """What to write instead of an old name of the setting `name`."""
    configuration = setting.app.configuration
    if configuration.namespace:
        return table.working_spelling(name, configuration.namespace, upper=True)
    if configuration.django and setting.layer == OBJECT:
        return f"CELERY_{name.upper()}"
    return name


Renames = list[list[object]]


def renames(configuration: Configuration, setting: Setting) -> Renames | None:
    """Place, old and new name of every setting that must change at once; None where one of them
    stands in another file, or is used elsewhere.

    Celery refuses names of two generations side by side, so they change together; under a
    namespace it does not, and each can change alone."""
    if configuration.namespace:
        return renames_of([setting])
    return setting.project.once(renames_together, configuration)


def renames_together(configuration: Configuration) -> Renames | None:
    """The same for all settings of a configuration without a namespace."""
    return renames_of([s for s in configuration.settings if table.is_old(s.key)])


def renames_of(settings: list[Setting]) -> Renames | None:
    """The same for some settings, each of which may be there in several profiles."""
    group = list({setting.place: setting for setting in settings}.values())
    keys = [setting.key for setting in group]
    if len({setting.module.path for setting in group}) > 1 or not all(s.plain for s in group):
        return None
    if any(occurrences(group[0].project, key) > keys.count(key) for key in keys):
        return None
    return [[list(s.span), s.key, new_name(s, table.to_new(s.key))] for s in group]


@old_setting_name.fix(SAFE, "Rename the settings")
def rename_all(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes the new names where the old ones stand."""
    for span, key, name in finding.fix_data:
        text = text_at(source, span)
        if text.count(key) != 1:
            return
        yield Edit(span, text.replace(key, name))
