"""Security (CEL700-CEL729)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.apps import App
from ..project.configuration import Setting
from ..project.connections import backend_url, broker_url
from ..project.deployment import Command, commands_of
from ..project.values import Const, Items, Text, Typed, Value, surely
from ..rule import (
    SECURITY,
    UNSAFE,
    Edit,
    Related,
    Report,
    Undecided,
    report,
    rule,
)

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source

URL_SETTINGS = frozenset("broker_url broker_read_url broker_write_url result_backend".split())
SECRET_SETTINGS = frozenset(
    "broker_password redis_password security_key_password s3_secret_access_key".split()
)
# What stands where a password will be, or is no secret at all.
PLACEHOLDERS = frozenset(
    """password passwd pass pwd secret changeme change_me guest xxx xxxx xxxxx test user username
    admin root postgres rabbitmq rabbit redis celery example mypassword yourpassword your_password
    your-password my_password broker rabbitpass redispass""".split()
)
LOCAL_HOSTS = ("localhost", "127.", "[::1]", "::1", "0.0.0.0", "host.docker.internal")


@rule(
    Setting,
    "CEL700",
    "celery-hardcoded-broker-password",
    SECURITY,
    says="`{key}` holds a password in the source{default}: read it from the environment",
)
def hardcoded_password(setting: Setting, project: Project) -> Iterator[Report]:
    """A password in the URL of a broker or result backend."""
    if setting.in_test:
        return
    if setting.name not in URL_SETTINGS and setting.name not in SECRET_SETTINGS:
        return
    is_url = setting.name in URL_SETTINGS
    for text, is_default in texts_of(setting.value):
        secret = password_in(text) if is_url else text
        if not secret or is_placeholder(secret):
            continue
        if is_url and is_default and is_local(text):
            continue
        default = " as the default of a look-up" if is_default else ""
        yield report(setting.where, key=setting.key, default=default)
        return


def texts_of(value: Value, is_default: bool = False) -> Iterator[tuple[str, bool]]:
    """The texts that a value may be, each with whether it is the default of a look-up."""
    for option in value.alternatives():
        if isinstance(option, Const) and isinstance(option.constant, str):
            yield option.constant, is_default
        elif isinstance(option, Text):
            yield option.head, is_default
        elif isinstance(option, Typed) and option.default is not None:
            yield from texts_of(option.default, True)
        elif isinstance(option, Items):
            for item in option.items:
                yield from texts_of(item, is_default)


def password_in(url: str) -> str | None:
    """The password of `scheme://user:password@host`; None when there is none."""
    for part in url.split(";"):
        _, separator, rest = part.partition("://")
        credentials, at, _ = rest.rpartition("@")
        user, colon, password = credentials.partition(":")
        if separator and at and colon and password and "/" not in credentials:
            # `shop:shop` is what a development set-up calls everything.
            return password if password != user else None
    return None


def is_placeholder(text: str) -> bool:
    """Whether a text stands for a password that is written elsewhere."""
    word = text.strip().lower()
    return (
        word.strip("<>{}[]$%*_-") in PLACEHOLDERS
        or not word.strip("x*.<>-_")
        or word.startswith(("<", "{", "$", "%", "[", "your"))
        or word.endswith((">", "}", "]"))
        or "changeme" in word
        or "change-me" in word
        or "example" in word
        or "placeholder" in word
        or "password" in word
    )


def is_local(url: str) -> bool:
    """Whether a URL goes to this machine."""
    host = url.rpartition("@")[2]
    return host.startswith(LOCAL_HOSTS)


@rule(
    Setting,
    "CEL704",
    "celery-redis-ssl-true",
    SECURITY,
    says="`{key}` True gives a connection to Redis without TLS: it takes a dict such as "
    '`{{"ssl_cert_reqs": "required"}}`',
)
def redis_ssl_true(setting: Setting, project: Project) -> Iterator[Report]:
    """`broker_use_ssl=True`, which kombu's Redis transport drops, and its sibling, which fails."""
    if setting.in_test or setting.name not in ("broker_use_ssl", "redis_backend_use_ssl"):
        return
    if not setting.may_win or not surely(setting.value, lambda value: value is True):
        return
    configuration = setting.app.configuration
    broker = setting.name == "broker_use_ssl"
    url = broker_url(configuration) if broker else backend_url(configuration)
    scheme = url.partition("://")[0].lower()
    if scheme not in ("redis", "rediss", "sentinel"):
        return
    if broker and "ssl_" in url:
        # The query of the URL switches TLS on by itself.
        return
    value = setting.value
    literal = value.where.module is setting.module
    yield report(
        setting.where,
        key=setting.key,
        fix=list(value.where.span) if literal else None,
        says=None
        if broker
        else "`{key}` True makes the Redis backend raise TypeError: it takes a dict such as "
        '`{{"ssl_cert_reqs": "required"}}`',
    )


@redis_ssl_true.fix(UNSAFE, "Ask for a checked certificate")
def require_certificate(finding: Finding, source: Source) -> Iterable[Edit]:
    """Replaces a literal True by a dict that switches TLS on."""
    span = finding.fix_data
    text = source.text[source.offset(span[0], span[1]) : source.offset(span[2], span[3])]
    if text == "True":
        yield Edit(span, '{"ssl_cert_reqs": "required"}')


# CEL711

# Flower's own options (`flower/options.py`), with dashes as in the parsed command.
FLOWER_AUTH = ("basic-auth", "auth", "auth-provider", "oauth2-key", "unix-socket", "unix_socket")
FLOWER_VARIABLES = ("FLOWER_BASIC_AUTH", "FLOWER_AUTH", "FLOWER_AUTH_PROVIDER", "FLOWER_OAUTH2_KEY")
LOOPBACK = ("127.", "localhost", "::1")
# What stands in front of Flower, or sets its options from elsewhere.
GUARDS = (
    rb"(?i)oauth2|traefik|caddy|nginx|haproxy|envoy|authelia|cloudflared|tailscale|VIRTUAL_HOST"
    rb"|FLOWER_(BASIC_AUTH|AUTH|OAUTH2|CONF|UNIX)|basic[-_]auth|auth[-_]provider"
)
UNSERIOUS = (
    r"(^|[-_./])(dev|devel|development|local|example|examples|sample|override|test|tests|testing|"
    r"ci|demo|debug|docs)([-_./]|$)"
)


@rule(
    App,
    "CEL711",
    "celery-flower-without-auth",
    SECURITY,
    says="Flower for this app is open to everybody who reaches its port: `{command}` sets no "
    "authentication; give it `--basic-auth`",
)
def flower_without_auth(app: App, project: Project) -> Iterator[Report]:
    """Reports on the app, once for each command."""
    if app.in_test:
        return
    for command in commands_of(app):
        if command.kind != "flower" or re.search(UNSERIOUS, command.path.lower()):
            continue
        try:
            is_open = is_reachable(command) and not is_guarded(command)
        except Undecided:
            continue
        if is_open:
            related = Related(command.where, "starts Flower without authentication")
            yield report(app.where, related, command=command.where.shown)


def is_reachable(command: Command) -> bool:
    """Whether other machines surely reach a Flower: compose publishes its port, or it runs on
    the host itself.  Raises Undecided."""
    if not (command.published or command.path.endswith(".service")):
        return False
    address = command.option("address") or command.variable("FLOWER_ADDRESS") or ""
    return not address.startswith(LOOPBACK)


def is_guarded(command: Command) -> bool:
    """Whether something may authenticate those who come.  Raises Undecided."""
    project = command.project
    if any(command.option(name) is not None for name in FLOWER_AUTH):
        return True
    if any(command.variable(name) is not None for name in FLOWER_VARIABLES):
        return True
    if command.option("conf") is not None or command.variable("FLOWER_CONF") is not None:
        return True
    if any(path.rpartition("/")[2].startswith("flowerconfig") for path in project.paths):
        return True
    return any(re.search(GUARDS, project.text_at(path)) for path in project.deployment_files)
