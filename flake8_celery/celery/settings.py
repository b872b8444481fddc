"""Celery's settings: their names in every generation, and which written key sets which.

A setting is known here by its name since 4.0 (`task_time_limit`). Before that it had another
(`CELERYD_TASK_TIME_LIMIT`), and under a namespace it has a third (`CELERY_TASK_TIME_LIMIT`).
Celery accepts a key it does not know in silence, so what matters is which spelling it looks up.
Facts: `celery/app/defaults.py`, `celery/app/utils.py` (`Settings`, `detect_settings`) and
`celery/utils/collections.py` (`ConfigurationView`).
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from .settings_data import DECLARED, REMOVED, UNDECLARED
from .words import nearest

__all__ = (
    "REMOVED",
    "SETTINGS",
    "THIRD_PARTY_PREFIXES",
    "Setting",
    "Written",
    "canonical",
    "is_new",
    "is_old",
    "is_third_party",
    "misplaced",
    "mixing",
    "spellings",
    "suggest",
    "to_new",
    "to_old",
    "working_spelling",
)


class Setting(NamedTuple):
    """One setting of Celery."""

    name: str
    #: The name before 4.0; empty when there is none.
    old: str
    #: The name of `Option.type`: bool, int, float, string, bytes, dict, list, tuple or any. Celery
    #: never converts a value to it.
    type: str
    #: Plain data, or the repr of a value that is not (`datetime.timedelta(days=1)`).
    default: Any
    #: The first release with it, (0, 0) when it is as old as 4.0.
    since: tuple[int, int]
    #: The first release without it, None while it lives.
    until: tuple[int, int] | None
    #: (deprecated by, removed by, what to use instead), versions as text.
    deprecated: tuple[str, str, str] | None


#: Where a key is written. `object`: in the config object or in `add_defaults`. `early`: given to
#: `Celery(...)` or written to `app.conf` before the configuration is first read. `late`: written
#: to `app.conf` after that.
Written = Literal["object", "early", "late"]

#: Every setting by its name: Celery's table, and what Celery reads without declaring it.
SETTINGS: dict[str, Setting] = {row[0]: Setting(*row) for row in (*DECLARED, *UNDECLARED)}

_NEW_TO_OLD: dict[str, str] = {row[0]: row[1] for row in DECLARED}
_OLD_TO_NEW: dict[str, str] = {row[1]: row[0] for row in DECLARED}

#: Beginnings of the keys that well-known extensions read from the configuration, lower-case.
#: Under a namespace its prefix comes first (`CELERY_SINGLETON_...`).
THIRD_PARTY_PREFIXES = (
    "beat_dburi",
    "beat_engine_options",
    "beat_schema",
    "django_celery_beat",
    "django_celery_results",
    "email_",
    "flower_",
    "haystack_",
    "once",
    "progress_",
    "redbeat_",
    "singleton_",
    "task_tenant_cache_seconds",
)

#: The groups that people confuse: the first word of a setting says which part of Celery reads it.
_GROUPS = frozenset(
    {"beat", "broker", "celerybeat", "celeryd", "control", "event", "result", "task", "worker"}
)


def _prefix(namespace: str | None) -> str:
    return namespace.rstrip("_") + "_" if namespace else ""


def spellings(name: str, namespace: str | None) -> list[str]:
    """The keys that Celery looks up for the setting `name`, in its order, without repeats.

    Since 5.7 every layer of the configuration is searched for all of them in turn; before, all
    layers (the defaults included) were searched for the first, then for the next.
    """
    keys: dict[str, None] = {}
    prefix = _prefix(namespace)
    if prefix:
        key = name if name.startswith(prefix) else prefix + name
        keys[key.upper() if prefix.isupper() else key.lower()] = None
    keys[name] = None
    if name in _NEW_TO_OLD:
        keys[_NEW_TO_OLD[name]] = None
    return list(keys)


@lru_cache(maxsize=4096)
def canonical(
    key: str, namespace: str | None, *, legacy: bool, written: Written = "object"
) -> str | None:
    """The name of the setting that a written key sets, or None when Celery ignores the key.

    `legacy` asks for Celery 5.6 and older. They differ for a name from before 4.0: under a
    namespace, or written late, it is dead up to 5.6 and alive since 5.7; written early it always
    works, because Celery translates what it was given before it reads the configuration.
    `TIME_ZONE` comes back as itself: it counts only where `timezone` is not set.
    """
    if key in SETTINGS:
        return key
    prefix = _prefix(namespace)
    if prefix:
        found = _without_prefix(key, prefix)
        if found:
            return found
    elif written == "object" or not legacy:
        return _OLD_TO_NEW.get(key)
    old = _OLD_TO_NEW.get(key)
    # `Settings.result_backend` asks for the old name by itself when the new one has no value.
    if written == "early" or not legacy or old == "result_backend":
        return old
    return None


def _without_prefix(key: str, prefix: str) -> str | None:
    """The setting whose spelling under this prefix is `key`."""
    same_case = key.isupper() if prefix.isupper() else key.islower()
    cased_prefix = prefix if prefix.isupper() else prefix.lower()
    if not same_case or not key.startswith(cased_prefix):
        return None
    rest = key[len(prefix) :]
    for name in (rest.lower(), rest):
        # A setting whose own name begins with the prefix gets no second one.
        if name in SETTINGS and not name.startswith(prefix):
            return name
    if rest == "CELERY_RESULT_BACKEND" and not rest.startswith(prefix):
        return "result_backend"
    return None


def is_old(key: str) -> bool:
    """Whether this is a name from before 4.0. 57 of them are also `CELERY_` + a newer name."""
    return key in _OLD_TO_NEW


def is_new(key: str) -> bool:
    """Whether this is a name since 4.0 from Celery's own table."""
    return key in _NEW_TO_OLD


def mixing(
    keys: Iterable[str], from_constructor: Iterable[str], namespace: str | None
) -> list[str]:
    """The keys for which Celery raises ImproperlyConfigured, because two generations are mixed.

    `keys` are those of the config object if there is one that is not empty, else everything given
    to `Celery(...)` and written before the first read. `from_constructor` are the settings that
    `Celery(...)` was given by keyword (`broker_url` for `broker=`). The generation with fewer keys
    is at fault, the older one in a tie; a key is forgiven when its counterpart is there as well.
    """
    if namespace:
        return []
    have = set(keys).difference(from_constructor)
    new = have & _NEW_TO_OLD.keys()
    old = have & _OLD_TO_NEW.keys()
    if not new or not old:
        return []
    if len(old) > len(new):
        return sorted(key for key in new if _NEW_TO_OLD[key] not in have)
    return sorted(key for key in old if _OLD_TO_NEW[key] not in have)


def working_spelling(name: str, namespace: str | None, *, upper: bool) -> str:
    """The spelling of a setting to write: one that works in every release.

    Under a namespace the prefixed one. Without, the plain name, or where only upper-case keys are
    seen (`upper`, as in Django's settings) the name from before 4.0.
    """
    if namespace:
        return spellings(name, namespace)[0]
    return _NEW_TO_OLD.get(name, name) if upper else name


def suggest(key: str, namespace: str | None) -> str | None:
    """The spelling that was probably meant by a key that does not work in every release.

    Right but for its prefix or case; else the same words in another order, a wrong, a missing or
    an added group (`prefetch_multiplier`, `worker_time_limit`, `worker_task_time_limit`), one word
    left out, or at most two typing errors. None when the key works, and unless exactly one setting
    fits.
    """
    if canonical(key, namespace, legacy=True) is not None:
        return None
    name = _meant(key, namespace)
    if name is None:
        return None
    spelling = working_spelling(name, namespace, upper=key.isupper())
    return None if spelling == key else spelling


def misplaced(key: str, namespace: str | None) -> str | None:
    """The setting that a key names but for its prefix or its case; None when it names none.

    Under a namespace, the prefix with the rest of a name without its group counts as well:
    `CELERY_CONCURRENCY`."""
    lower = key.lower()
    forms = _forms(lower, namespace)
    lower_old = _lower_old()
    for form in forms:
        if form in SETTINGS:
            return form
        if form in lower_old:
            return lower_old[form]
    if namespace and len(forms) > 1 and forms[1].partition("_")[0] not in _GROUPS:
        return _same_tail(forms[1])
    return None


@cache
def _lower_old() -> dict[str, str]:
    return {old.lower(): name for old, name in _OLD_TO_NEW.items()}


def _forms(lower: str, namespace: str | None) -> list[str]:
    """A key in lower case, as it is and without a prefix."""
    forms = [lower]
    for prefix in (_prefix(namespace).lower(), "celery_"):
        if prefix and lower.startswith(prefix):
            forms.append(lower[len(prefix) :])
    return forms


def _meant(key: str, namespace: str | None) -> str | None:
    name = misplaced(key, namespace)
    if name is not None:
        return name
    lower = key.lower()
    forms = _forms(lower, namespace)
    lower_old = _lower_old()
    for judge in (_same_words, _same_tail, _another_group, _same_words_and_one):
        for form in reversed(forms):
            found = judge(form)
            if found:
                return found
    form = forms[-1]
    limit = 2
    name = nearest(form, _NEW_TO_OLD, limit)
    if name:
        return name
    old = nearest(lower, lower_old, limit)
    if old:
        return lower_old[old]
    tail = nearest(form, {name.partition("_")[2] for name in _NEW_TO_OLD if _grouped(name)}, limit)
    return _same_tail(tail) if tail else None


def _same_words(form: str) -> str | None:
    words = sorted(form.split("_"))
    if len(words) < 2:
        return None
    return _only(name for name in SETTINGS if sorted(name.split("_")) == words)


def _same_tail(form: str) -> str | None:
    """The one setting that is `form` with another group, or with a group where it has none."""
    group, _, rest = form.partition("_")
    tails = {form, rest} if group in _GROUPS else {form}
    return _only(name for name in _NEW_TO_OLD if _grouped(name) and name.partition("_")[2] in tails)


def _another_group(form: str) -> str | None:
    """The setting before which a group was written that it does not have, as when `CELERYD_` was
    taken for `worker_`: `worker_task_soft_time_limit`."""
    group, _, rest = form.partition("_")
    return rest if group in _GROUPS and rest in SETTINGS and _grouped(rest) else None


def _same_words_and_one(form: str) -> str | None:
    """The one setting that has another word as well: `task_send_events` for
    `worker_send_task_events`."""
    words = form.split("_")
    if len(words) < 3:
        return None
    return _only(
        name
        for name in SETTINGS
        if len(words) + 1 == len(name.split("_")) and not set(words) - set(name.split("_"))
    )


def _grouped(name: str) -> bool:
    return name.partition("_")[0] in _GROUPS


def _only(names: Iterable[str]) -> str | None:
    found = list(names)
    return found[0] if len(found) == 1 else None


def is_third_party(key: str) -> bool:
    """Whether the key belongs to a well-known extension, with or without a `CELERY_` prefix."""
    lower = key.lower()
    return lower.removeprefix("celery_").startswith(THIRD_PARTY_PREFIXES) or lower.startswith(
        THIRD_PARTY_PREFIXES
    )


def to_new(key: str) -> str:
    """The name since 4.0 of a name from before; any other key as it is."""
    return _OLD_TO_NEW.get(key, key)


def to_old(key: str) -> str:
    """The name before 4.0 of a name since; any other key as it is."""
    return _NEW_TO_OLD.get(key, key)
