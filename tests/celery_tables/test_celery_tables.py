"""Options, signals, names, built-in tasks, serializers and words against the installed Celery."""

import ast
import importlib
import inspect
import random
from pathlib import Path
from typing import Any

import pytest

from flake8_celery.celery import names, options, serializers, signals
from flake8_celery.celery.builtin_tasks import BUILTIN_TASKS
from flake8_celery.celery.words import edit_distance, nearest

celery = pytest.importorskip("celery")

PACKAGE = Path(celery.__file__).parent
RELEASE = tuple(int(part) for part in celery.__version__.split(".")[:2])
# What the tables have and older releases do not -> the first release with it.
SETTINGS_OF_TASKS = {
    **dict.fromkeys(["acks_on_failure", "acks_on_timeout", "retry_on_worker_lost"], (5, 7)),
    **dict.fromkeys(["soft_time_limit", "time_limit"], (5, 7)),
}
NEW_ALIASES = {"celery.canvas.EagerResult": (5, 7)}


def make_app(**settings: Any) -> Any:
    app = celery.Celery("x", broker="memory://", set_as_current=False, fixups=[])
    app.conf.update(settings)
    return app


# options


def test_config_backed_options() -> None:
    ours = {
        option: setting
        for option, setting in options.CONFIG_BACKED.items()
        if SETTINGS_OF_TASKS.get(option, RELEASE) <= RELEASE
    }
    assert dict(celery.Task.from_config) == ours


def test_options_of_the_task_decorator_are_known() -> None:
    from celery.app.base import Celery

    arguments = set(inspect.signature(Celery._task_from_fun).parameters)
    arguments |= set(
        inspect.signature(Celery.task).parameters,
    )
    assert arguments - {"self", "fun", "args", "opts", "options"} <= options.TASK_OPTIONS


def test_public_attributes_of_a_task_are_options_or_its_interface() -> None:
    data = {
        name
        for name, value in vars(celery.Task).items()
        if not name.startswith("_") and not callable(value) and not isinstance(value, classmethod)
    }
    data -= {"MaxRetriesExceededError", "OperationalError", "app", "from_config", "request_stack"}
    data = {name for name in data if not isinstance(vars(celery.Task)[name], property)}
    assert data <= options.TASK_OPTIONS


def test_hooks_exist() -> None:
    for hook in options.HOOKS:
        assert hasattr(celery.Task, hook)


def test_autoretry_options() -> None:
    source = inspect.getsource(importlib.import_module("celery.app.autoretry"))
    for name in ("autoretry_for", "dont_autoretry_for", "retry_kwargs", "retry_backoff"):
        assert f"'{name}'" in source
        assert name in options.TASK_OPTIONS


def test_a_publish_takes_these_options_from_the_task() -> None:
    from celery.app.task import extract_exec_options

    class Everything:
        def __getattr__(self, name: str) -> int:
            return 1

    assert set(extract_exec_options(Everything())) == options.PUBLISH_OPTIONS


@pytest.mark.parametrize("option", sorted(options.CALL_OPTIONS_ON_DECORATOR - {"retry"}))
def test_call_options_have_no_effect_on_a_decorator(option: str) -> None:
    app = make_app(task_publish_retry=False)

    @app.task(name="t", shared=False, **{option: "sentinel-value"})
    def t() -> None: ...

    assert option not in t._get_exec_options()


def test_option_tables_do_not_contradict_each_other() -> None:
    assert not options.CONFUSABLE.keys() & options.TASK_OPTIONS
    assert set(options.CONFUSABLE.values()) <= options.TASK_OPTIONS
    assert not options.CALL_OPTIONS_ON_DECORATOR & options.TASK_OPTIONS
    assert options.CALL_OPTIONS_ON_DECORATOR - {"args", "kwargs"} <= options.EXECUTION_OPTIONS
    assert not options.CONFUSED_EXECUTION_OPTIONS.keys() & options.EXECUTION_OPTIONS
    assert set(options.CONFUSED_EXECUTION_OPTIONS.values()) <= options.EXECUTION_OPTIONS
    assert not options.PLUGIN_OPTIONS & options.TASK_OPTIONS


def test_execution_options_hold_the_arguments_of_celery_and_kombu() -> None:
    from celery.app.base import Celery
    from kombu.messaging import Producer

    wanted: set[str] = set()
    for function in (celery.Task.apply_async, Celery.send_task, Producer.publish):
        wanted |= set(inspect.signature(function).parameters)
    wanted -= {"self", "name", "args", "kwargs", "options", "properties", "body"}
    assert wanted <= options.EXECUTION_OPTIONS


# signals


def sent_arguments() -> dict[str, list[set[str]]]:
    """Signal -> the keywords of each call that sends it, read from Celery's source."""
    found: dict[str, list[set[str]]] = {}
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        aliases: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for value in ast.walk(node.value):
                    if isinstance(value, ast.Attribute) and value.attr == "send":
                        name = ast.unparse(value.value).rpartition(".")[2]
                        target = ast.unparse(node.targets[0]).rpartition(".")[2]
                        aliases[target] = name
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            owner, _, method = called.rpartition(".")
            signal = owner.rpartition(".")[2] if method == "send" else aliases.get(method, "")
            known = {**signals.SIGNALS, **signals.APP_SIGNALS}
            if signal in known:
                keywords = {keyword.arg for keyword in node.keywords if keyword.arg}
                found.setdefault(signal, []).append(keywords - signals.COMMON_ARGUMENTS)
    return found


# Arguments of a signal -> the first release that sends them.
NEW_ARGUMENTS = {("task_success", "runtime"): (5, 7)}


def test_signals_send_what_the_table_says() -> None:
    found = sent_arguments()
    for name, arguments in {**signals.SIGNALS, **signals.APP_SIGNALS}.items():
        if name == "heartbeat_sent":  # Sent through an attribute of the heart.
            continue
        arguments = frozenset(
            one for one in arguments if NEW_ARGUMENTS.get((name, one), RELEASE) <= RELEASE
        )
        sends = found[name]
        assert frozenset().union(*sends) == arguments, name
        absent = arguments - set.intersection(*sends)
        assert absent == signals.SOMETIMES_ABSENT.get(name, frozenset()), name


def test_no_signal_is_missing() -> None:
    from celery import signals as real
    from celery.utils.dispatch import Signal

    declared = {name for name, value in vars(real).items() if isinstance(value, Signal)}
    assert declared <= signals.SIGNALS.keys()
    for name in signals.APP_SIGNALS:
        assert isinstance(getattr(make_app(), name), Signal)


# names


def load(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_aliases_are_the_same_objects() -> None:
    for alias, canonical in names.ALIASES.items():
        if NEW_ALIASES.get(alias, RELEASE) <= RELEASE:
            assert load(alias) is load(canonical), alias


def test_canonical_names_are_fixed_points() -> None:
    for canonical in names.ALIASES.values():
        assert names.canonical_name(canonical) == canonical


def test_attributes_go_with_their_class() -> None:
    assert names.canonical_name("celery.app.base.Celery.task") == "celery.Celery.task"
    assert names.canonical_name("project.Celery") == "project.Celery"
    assert names.canonical_name("") == ""


# tasks


def test_builtin_tasks() -> None:
    # Tasks that other tests share with every app of the process are in the registry as well.
    assert {name for name in make_app().tasks if name.startswith("celery.")} == BUILTIN_TASKS


# serializers


def test_content_types_are_those_of_kombu() -> None:
    from kombu.serialization import registry

    for name, content_type in registry.name_to_type.items():
        assert serializers.CONTENT_TYPES[name] == content_type
        assert serializers.normalise(content_type) == name
    assert serializers.normalise("my-own") == "my-own"


def values() -> dict[str, Any]:
    import collections
    import dataclasses
    import datetime
    import decimal
    import enum
    import fractions
    import ipaddress
    import pathlib
    import re
    import threading
    import types
    import uuid
    import zoneinfo

    point = collections.namedtuple("point", "x y")
    data = dataclasses.make_dataclass("data", [("x", int)])
    return {
        "Ellipsis": ...,
        "NoneType": None,
        "bool": True,
        "bytearray": bytearray(b"a"),
        "bytes": b"a",
        "bytes_keys": {b"a": 1},
        "collections.ChainMap": collections.ChainMap(),
        "collections.Counter": collections.Counter("a"),
        "collections.OrderedDict": collections.OrderedDict(a=1),
        "collections.deque": collections.deque([1]),
        "complex": 1j,
        "dataclass": data(1),
        "datetime.date": datetime.date(2026, 1, 1),
        "datetime.datetime": datetime.datetime(2026, 1, 1),
        "datetime.time": datetime.time(1),
        "datetime.timedelta": datetime.timedelta(1),
        "datetime.timezone": datetime.UTC,
        "date_keys": {datetime.date(2026, 1, 1): 1},
        "decimal.Decimal": decimal.Decimal(1),
        "dict_items": {}.items(),
        "dict_keys": {}.keys(),
        "dict_values": {}.values(),
        "enum.Enum": enum.Enum("E", "A").A,  # type: ignore[attr-defined]
        "enum.Flag": enum.Flag("F", "A").A,  # type: ignore[attr-defined]
        "enum.IntEnum": enum.IntEnum("I", "A").A,  # type: ignore[attr-defined]
        "enum.StrEnum": enum.StrEnum("S", "A").A,  # type: ignore[attr-defined]
        "enumerate": enumerate([1]),
        "exception": ValueError("a"),
        "filter": filter(None, [1]),
        "float": 1.5,
        "float_keys": {1.5: 1},
        "fractions.Fraction": fractions.Fraction(1),
        "frozenset": frozenset({1}),
        "function": random_function,
        "generator": (x for x in "a"),
        "int": 1,
        "int_keys": {1: 1},
        "ipaddress.IPv4Address": ipaddress.ip_address("127.0.0.1"),
        "ipaddress.IPv6Address": ipaddress.ip_address("::1"),
        "lambda": lambda: 1,
        "map": map(str, [1]),
        "memoryview": memoryview(b"a"),
        "module": re,
        "namedtuple": point(1, 2),
        "none_keys": {None: 1},
        "pathlib.Path": pathlib.Path("a"),
        "range": range(3),
        "re.Match": re.match("a", "a"),
        "re.Pattern": re.compile("a"),
        "reversed": reversed([1]),
        "set": {1},
        "slice": slice(1),
        "str": "a",
        "threading.Lock": threading.Lock(),
        "tuple_keys": {(1,): 1},
        "type": decimal.Decimal,
        "types.MappingProxyType": types.MappingProxyType({}),
        "types.SimpleNamespace": types.SimpleNamespace(a=1),
        "uuid.UUID": uuid.UUID(int=1),
        "zip": zip([1]),
        "zoneinfo.ZoneInfo": zoneinfo.ZoneInfo("UTC"),
    }


def random_function() -> None: ...


@pytest.mark.parametrize("serializer", ["json", "yaml", "msgpack", "pickle"])
def test_what_can_be_encoded(serializer: str) -> None:
    from kombu.exceptions import EncodeError
    from kombu.serialization import dumps

    if serializer in ("yaml", "msgpack"):
        pytest.importorskip(serializer)
    for type_name, value in values().items():
        expected = serializers.encodable(serializer, type_name)
        if expected is None:
            continue
        try:
            dumps(value, serializer)
        except EncodeError:
            real = False
        else:
            real = True
        assert real == expected, type_name


def test_unknown_types_and_serializers_are_unknown() -> None:
    assert serializers.encodable("json", "project.Thing") is None
    assert serializers.encodable("auth", "set") is None
    assert serializers.encodable("application/json", "set") is False


# words


def slow_distance(a: str, b: str) -> int:
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i, j] = min(
                table[i - 1, j] + 1,
                table[i, j - 1] + 1,
                table[i - 1, j - 1] + (a[i - 1] != b[j - 1]),
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(a), len(b)]


def test_edit_distance_is_optimal_string_alignment() -> None:
    rng = random.Random(5)
    for _ in range(3000):
        a, b = ("".join(rng.choice("abc") for _ in range(rng.randint(0, 7))) for _ in "ab")
        limit = rng.randint(0, 4)
        assert edit_distance(a, b, limit) == min(slow_distance(a, b), limit + 1), (a, b, limit)


def test_nearest() -> None:
    assert nearest("contdown", ["countdown", "eta"]) == "countdown"
    assert nearest("cuontdown", ["countdown", "eta"]) == "countdown"
    assert nearest("abcdeX", ["abcdeY", "abcdeZ"]) is None
    assert nearest("abcdeX", ["abcdeY", "abcdeZ", "abcdeX"]) == "abcdeX"
    assert nearest("at", ["eta"]) is None
    assert nearest("", ["eta"]) is None
