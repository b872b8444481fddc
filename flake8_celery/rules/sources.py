"""Where the configuration comes from (CEL300-CEL329)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery import settings as table
from ..project.apps import App
from ..project.configuration import ConfigCall, Setting, is_django
from ..project.values import Const
from ..rule import CORRECTNESS, SAFE, Edit, Related, Report, report, rule

if TYPE_CHECKING:
    from ..project import Project
    from ..project.configuration import Configuration
    from ..rule import Finding
    from ..source import Source


@rule(
    App,
    "CEL304",
    "celery-positional-broker",
    CORRECTNESS,
    says="the second positional argument of `Celery` is the loader, not the broker: "
    "write `broker=`, or the app fails when it is first used",
)
def positional_broker(app: App, project: Project) -> Iterator[Report]:
    """`Celery("shop", "redis://localhost")`."""
    positional = app.call[3]
    if len(positional) < 2 or any(argument[0] == "star" for argument in positional[:2]):
        return
    value = app.evaluate(positional[1])
    if isinstance(value, Const) and isinstance(value.constant, str) and "://" in value.constant:
        keywords = {keyword for keyword, _, _ in app.call[4]}
        fixable = len(positional) <= 3 and not keywords & {"broker", "backend", None}
        spans = [list(argument[1]) for argument in positional[1:]]
        yield report(app.at(positional[1][1]), fix=spans if fixable else None)


@positional_broker.fix(SAFE, "Pass it as `broker=`")
def name_the_broker(finding: Finding, source: Source) -> Iterable[Edit]:
    """Names the second argument `broker`; a third one, which is the backend, is named too."""
    for name, span in zip(("broker", "backend"), finding.fix_data, strict=False):
        row, column, _, _ = span
        yield Edit((row, column, row, column), f"{name}=")


@rule(
    ConfigCall,
    "CEL311",
    "celery-django-namespace-missing",
    CORRECTNESS,
    says="`{key}` ({place}){others} is ignored: the settings say `CELERY_`, and "
    '`config_from_object` has no `namespace="CELERY"`',
)
def django_namespace_missing(call: ConfigCall, project: Project) -> Iterator[Report]:
    """Prefixed names in Django's settings, and nothing that tells Celery of the prefix."""
    keywords = {keyword: span for keyword, _, span in call.call[4]}
    if call.method == "config_from_envvar":
        if "namespace" in keywords:
            yield report(
                call.at(keywords["namespace"]),
                says="`config_from_envvar` has no parameter `namespace`, so it raises TypeError: "
                "give it to `Celery(...)`",
            )
        return
    app = call.app
    if app is None or None in keywords or not call.call[3]:
        return
    configuration = app.configuration
    if not is_django(call.evaluate(call.call[3][0])) or configuration.namespace:
        return
    if configuration.namespace_unknown:
        return
    ignored: dict[tuple[str, int, int], Setting] = {}
    for profile in configuration.production_profiles:
        for setting in profile.settings:
            if is_prefixed_new_name(setting.key):
                ignored.setdefault(setting.place, setting)
    if not ignored:
        return
    first, *others = ignored.values()
    end = call.call[3][0][1]
    yield report(
        call.where,
        *(Related(setting.where, f"`{setting.key}`") for setting in ignored.values()),
        key=first.key,
        place=first.where.shown,
        others=f" and {len(others)} more of its kind" if others else "",
        fix=None if has_old_names(configuration) or "namespace" in keywords else [end[2], end[3]],
    )


def has_old_names(configuration: Configuration) -> bool:
    """Whether Django's settings hold names from before Celery 4.0 that are no names under the
    namespace `CELERY`."""
    return any(
        table.is_old(setting.key) and not is_new_under_celery(setting.key)
        for profile in configuration.production_profiles
        for setting in profile.settings
    )


def is_prefixed_new_name(key: str) -> bool:
    """Whether a key works under the namespace `CELERY` only."""
    return is_new_under_celery(key) and not table.is_old(key)


def is_new_under_celery(key: str) -> bool:
    """Whether a key is `CELERY_` and the name of a setting since 4.0."""
    name = key.removeprefix("CELERY_")
    return name != key and name.isupper() and table.is_new(name.lower())


@django_namespace_missing.fix(SAFE, 'Add `namespace="CELERY"`')
def add_namespace(finding: Finding, source: Source) -> Iterable[Edit]:
    """Adds the argument after the first, in the quotes of that one."""
    row, column = finding.fix_data
    quote = "'" if source.text[source.offset(row, column) - 1] == "'" else '"'
    yield Edit((row, column, row, column), f", namespace={quote}CELERY{quote}")
