"""Connections to brokers and result backends (CEL360-CEL399)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..celery.brokers import TRANSPORT_OPTIONS, is_sentinel, special_transport_option
from ..celery.words import nearest
from ..project.configuration import Setting
from ..project.connections import broker_of, broker_url
from ..project.values import Const, Mapping
from ..rule import CORRECTNESS, UNSAFE, Related, Report, report, rule
from .settings import rename

if TYPE_CHECKING:
    from ..project import Project

SHOWN = {"rabbitmq": "RabbitMQ", "redis": "Redis", "sentinel": "Redis Sentinel", "sqs": "SQS"}


@rule(
    Setting,
    "CEL364",
    "celery-ignored-transport-option",
    CORRECTNESS,
    says="{broker} ignores the transport option `{option}`{advice}",
)
def ignored_transport_option(setting: Setting, project: Project) -> Iterator[Report]:
    """A key of `broker_transport_options` that this broker never reads."""
    if setting.in_test or setting.name != "broker_transport_options" or not setting.may_win:
        return
    value = setting.value
    if not isinstance(value, Mapping) or not value.entries:
        return
    configuration = setting.app.configuration
    kind = "sentinel" if is_sentinel(broker_url(configuration)) else broker_of(configuration)
    known = TRANSPORT_OPTIONS.get(kind)
    if known is None:
        return
    for entry in value.entries:
        key = entry.key.constant if isinstance(entry.key, Const) else None
        if not isinstance(key, str) or key in known:
            continue
        advice = special_transport_option(kind, key)
        better = key.lower() if key.lower() in known else None
        if advice is None:
            better = nearest(key, known)
            advice = None if better is None else f"did you mean `{better}`?"
        here = entry.where.module is setting.module
        yield report(
            entry.where if here else setting.where,
            *([] if here else [Related(entry.where, "the option")]),
            broker=SHOWN.get(kind, kind),
            option=key,
            advice=f": {advice}" if advice else "",
            fix=[key, better] if better is not None and here else None,
        )


ignored_transport_option.fix(UNSAFE, "Rename the option")(rename)
