"""Who may reach the broker and the results (CEL702)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..project.configuration import Configuration, Setting
from ..project.values import Const, Items, Mapping, Text, Typed, Value, truth_of
from ..rule import SECURITY, Report, report, rule
from .security import LOCAL_HOSTS, URL_SETTINGS

if TYPE_CHECKING:
    from ..project import Project

REDIS = frozenset({"redis", "rediss"})
RABBITMQ = frozenset({"amqp", "amqps", "pyamqp"})
# Names that only a cluster, or the network of a cloud, resolves.
INTERNAL = (".local", ".localdomain", ".internal", ".svc", ".lan", ".home", ".test", ".localhost")
# Names that nobody has (RFC 2606): what stands there is to be replaced.
RESERVED = ("example.com", "example.org", "example.net", ".example", ".invalid")
# Other ways to give a name and a password, by what they are for.
BROKER_CREDENTIALS = ("broker_user", "broker_password", "broker_login_method")
REDIS_CREDENTIALS = ("redis_username", "redis_password", "redis_backend_credential_provider")
# Keys of options with which a connection proves who it is.
PROOFS = frozenset(
    "credential_provider username password userid ssl_certfile certfile ssl_keyfile keyfile "
    "client_properties login_method authentication".split()
)


@rule(
    Setting,
    "CEL702",
    "celery-broker-without-auth",
    SECURITY,
    says="`{key}` reaches {host} {manner}: whoever else reaches it can send tasks, and read "
    "what they get and give",
)
def broker_without_auth(setting: Setting, project: Project) -> Iterator[Report]:
    """A broker or result backend on another machine, and no password."""
    if setting.in_test or setting.name not in URL_SETTINGS or not setting.may_win:
        return
    for url in urls_of(setting.value):
        scheme, host = open_server(url)
        if not host or proves_itself(setting.app.configuration, setting.name):
            continue
        manner = "without a password" if scheme in REDIS else "as `guest`, whose password is known"
        yield report(setting.where, key=setting.key, host=host, manner=manner)
        return


def urls_of(value: Value) -> Iterator[str]:
    """The URLs that a value may be, defaults of look-ups included, as far as the part with the
    host is known."""
    for option in value.alternatives():
        if isinstance(option, Const) and isinstance(option.constant, str):
            yield from option.constant.split(";")
        elif isinstance(option, Text):
            known, _, _ = option.head.rpartition("/")
            if "://" in known:
                yield known
        elif isinstance(option, Typed) and option.default is not None:
            yield from urls_of(option.default)
        elif isinstance(option, Items):
            for item in option.items:
                yield from urls_of(item)


def open_server(url: str) -> tuple[str, str]:
    """Scheme and host of a URL that has no user and leads to another machine by a name of the
    open network, or by its address; else two empty texts."""
    scheme, _, rest = url.strip().partition("://")
    server = rest.partition("/")[0].partition("?")[0].lower()
    host = server.rpartition(":")[0] if ":" in server else server
    outside = (
        "." in host and not host.startswith(LOCAL_HOSTS) and not host.endswith(INTERNAL + RESERVED)
    )
    if scheme not in REDIS | RABBITMQ or "@" in server or "password=" in url or not outside:
        return "", ""
    if any(letter in host for letter in "{}<>%$[]"):
        return "", ""
    return scheme, host


def proves_itself(configuration: Configuration, name: str | None) -> bool:
    """Whether a connection has another proof than a password in its URL."""
    settings: tuple[str, ...]
    options: tuple[str, ...]
    if name == "result_backend":
        settings, options = REDIS_CREDENTIALS, ("redis_backend_use_ssl",)
    else:
        settings, options = BROKER_CREDENTIALS, ("broker_transport_options", "broker_use_ssl")
    for setting in settings:
        value = configuration.get(setting)
        if value is not None and truth_of(value) is not False:
            return True
    for setting in options:
        value = configuration.get(setting)
        if value is not None and not is_without_proof(value):
            return True
    return False


def is_without_proof(value: Value) -> bool:
    """Whether options surely hold nothing that proves who connects."""
    if isinstance(value, Const):
        return True
    return (
        isinstance(value, Mapping)
        and all(
            isinstance(entry.key, Const) and entry.key.constant not in PROOFS
            for entry in value.entries
        )
        and not value.open
    )
