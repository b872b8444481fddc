"""Redis as broker and result backend: TLS, keepalive, one server for both (CEL365, CEL374,
CEL376)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.configuration import Configuration, Setting
from ..project.connections import broker_of
from ..project.values import Const, Mapping, Text, Value, possible, truth_of
from ..rule import (
    CORRECTNESS,
    PEDANTIC,
    SAFE,
    UNSAFE,
    Edit,
    Related,
    Report,
    Undecided,
    report,
    rule,
)
from .edits import imported_module, text_at

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source


@rule(
    Setting,
    "CEL365",
    "celery-keepalive-option-names",
    CORRECTNESS,
    says="`socket_keepalive_options` takes numbers as keys, `socket.{name}`: with {key!r} every "
    "connection raises TypeError",
)
def keepalive_option_names(setting: Setting, project: Project) -> Iterator[Report]:
    """`{"TCP_KEEPIDLE": 60}` in place of `{socket.TCP_KEEPIDLE: 60}`."""
    if setting.in_test or setting.name != "broker_transport_options" or not setting.may_win:
        return
    options = setting.value
    if not isinstance(options, Mapping) or broker_of(setting.app.configuration) != "redis":
        return
    keepalive = options.get("socket_keepalive")
    # The options are read only where keepalive itself is on.
    if keepalive is None or truth_of(keepalive) is not True:
        return
    given = options.get("socket_keepalive_options")
    if not isinstance(given, Mapping):
        return
    for entry in given.entries:
        key = entry.key.constant if isinstance(entry.key, Const) else None
        if not isinstance(key, str):
            continue
        here = entry.where.module is setting.module
        is_name = key.isidentifier() and key.isupper()
        yield report(
            entry.where if here else setting.where,
            *([] if here else [Related(entry.where, "the option")]),
            key=key,
            name=key if is_name else "TCP_KEEPIDLE",
            fix=key if here and is_name and key.startswith("TCP_") else None,
        )


@keepalive_option_names.fix(SAFE, "Take the number from `socket`")
def take_from_socket(finding: Finding, source: Source) -> Iterable[Edit]:
    """`"TCP_KEEPIDLE"` becomes `socket.TCP_KEEPIDLE`."""
    key = finding.fix_data
    if text_at(source, finding.span)[1:-1] != key:
        return
    edits = imported_module(source, "socket")
    if edits is not None:
        yield Edit(finding.span, f"socket.{key}")
        yield from edits


CERTIFICATE_WORDS = frozenset(
    "CERT_REQUIRED CERT_OPTIONAL CERT_NONE required optional none".split()
)
# `celery/backends/redis.py: _params_from_url`.
TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs")


@rule(
    Setting,
    "CEL374",
    "celery-rediss-without-cert-reqs",
    CORRECTNESS,
    says="a `rediss://` result backend without `ssl_cert_reqs` raises ValueError when it is first "
    "used{advice}",
)
def rediss_without_cert_reqs(setting: Setting, project: Project) -> Iterator[Report]:
    """URLs of a result backend on Redis whose scheme and TLS options do not fit together."""
    if setting.in_test or setting.name != "result_backend" or not setting.may_win:
        return
    for option in possible(setting.value):
        if not isinstance(option, (Const, Text)):
            continue
        url = option.constant if isinstance(option, Const) else option.head
        end = url if isinstance(option, Const) else option.tail
        if not isinstance(url, str) or not isinstance(end, str) or not end:
            continue
        here = option.where.module is setting.module
        place = [*option.where.span] if here else None
        if url.startswith("rediss://"):
            found = fault_of_rediss(setting.app.configuration, setting, end, place)
        elif url.startswith("redis://"):
            found = fault_of_redis(setting, end, place)
        else:
            continue
        if found is not None:
            yield found
            return


def fault_of_rediss(
    configuration: Configuration, setting: Setting, end: str, place: list[int] | None
) -> Report | None:
    """What is wrong with a `rediss://` URL of which the end is known."""
    given = query_of(end).get("ssl_cert_reqs")
    if given:
        if given in CERTIFICATE_WORDS or "%" in given:
            return None
        return report(
            setting.where,
            says="`ssl_cert_reqs={given}` makes the result backend raise ValueError when it is "
            "first used: it takes `required`, `optional` or `none`",
            given=given,
        )
    written = configuration.get("redis_backend_use_ssl")
    if written is not None and truth_of(written) is not False:
        if not isinstance(written, Mapping) or written.get("ssl_cert_reqs") is not None:
            return None
    only_broker = written is None and is_set(configuration, "broker_use_ssl")
    return report(
        setting.where,
        advice="; `broker_use_ssl` is for the broker only" if only_broker else "",
        fix=place and ["append", "&" if "?" in end else "?", *place],
    )


def fault_of_redis(setting: Setting, end: str, place: list[int] | None) -> Report | None:
    """What is wrong with a `redis://` URL of which the end is known."""
    query = query_of(end)
    given = [option for option in TLS_OPTIONS if option in query]
    if given:
        complete = query.get("ssl_cert_reqs") in CERTIFICATE_WORDS
        return report(
            setting.where,
            says="`{option}` in a `redis://` URL makes the result backend raise ValueError: the "
            "scheme for TLS is `rediss://`",
            option=given[0],
            fix=place and ["scheme", "", *place] if complete else None,
        )
    _, newest = setting.project.celery
    if newest is None or newest >= (5, 7):
        return None
    written = setting.app.configuration.get("redis_backend_use_ssl")
    if isinstance(written, Mapping) and written.entries:
        return report(
            setting.where,
            says="with `redis_backend_use_ssl` a `redis://` result backend raises ValueError "
            "before Celery 5.7: write `rediss://`",
            fix=place and ["scheme", "", *place],
        )
    return None


def is_set(configuration: Configuration, name: str) -> bool:
    """Whether a setting is given a value that is not false; False where that is not known."""
    try:
        value = configuration.get(name)
    except Undecided:
        return False
    return value is not None and truth_of(value) is not False


def query_of(url: str) -> dict[str, str]:
    """The options after the question mark of a URL."""
    pairs = (pair.partition("=") for pair in url.partition("?")[2].split("&"))
    return {name: value for name, _, value in pairs}


@rediss_without_cert_reqs.fix(UNSAFE, "Complete the URL")
def complete_the_url(finding: Finding, source: Source) -> Iterable[Edit]:
    """Asks for a checked certificate, or writes the scheme of TLS."""
    kind, separator, *span = finding.fix_data
    text = text_at(source, span)
    row, column = span[2], span[3] - 1
    if text[-1:] not in "\"'" or text[-3:] in ('"""', "'''") or "\n" in text:
        return
    if kind == "append":
        yield Edit((row, column, row, column), f"{separator}ssl_cert_reqs=required")
    elif text.count("redis://") == 1:
        yield Edit(span, text.replace("redis://", "rediss://"))


@rule(
    Setting,
    "CEL376",
    "celery-shared-redis",
    PEDANTIC,
    says="results are kept on the Redis server of the broker, `{server}`: databases of one server "
    "share its memory, its eviction and its one thread",
)
def shared_redis(setting: Setting, project: Project) -> Iterator[Report]:
    """One Redis for messages and results."""
    if setting.in_test or setting.name != "result_backend" or not setting.may_win:
        return
    configuration = setting.app.configuration
    broker = configuration.setting("broker_url")
    winner = configuration.setting("result_backend")
    if broker is None or winner is None or winner.place != setting.place:
        return
    server = redis_server(setting.value)
    if server is not None and server == redis_server(broker.value):
        yield report(setting.where, Related(broker.where, "the broker"), server=server)


def redis_server(value: Value) -> str | None:
    """`host:port` of a Redis URL that is one literal; None for anything else."""
    url = value.constant if isinstance(value, Const) else None
    if not isinstance(url, str):
        return None
    scheme, _, rest = url.partition("://")
    if scheme not in ("redis", "rediss") or ";" in url:
        return None
    host = rest.partition("/")[0].partition("?")[0].rpartition("@")[2].lower()
    if not host:
        host = "localhost"
    return host if ":" in host.rpartition("]")[2] else f"{host}:6379"
