"""What each format of deployment file says, and that none of them breaks anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_celery.extract import extract
from flake8_celery.project import Project
from flake8_celery.project.deployment import Command, unreadable_files, worker_commands
from flake8_celery.project.deployment.formats import reader_of
from flake8_celery.project.deployment.found import Found, Unreadable
from flake8_celery.rule import Undecided, load_rules
from flake8_celery.source import Source

APP = "from celery import Celery\napp = Celery('shop')\n"


def project_of(files: dict[str, str | bytes], app: str = "shop/celery.py") -> Project:
    load_rules()
    data = {p: t.encode() if isinstance(t, str) else t for p, t in {app: APP, **files}.items()}
    python = {p: extract(Source.decode(d, p)) for p, d in data.items() if p.endswith(".py")}
    others = [path for path in data if path not in python]
    return Project(python, python, python.get, data.__getitem__, deployment_files=others)


def commands(path: str, text: str | bytes) -> list[Command]:
    return project_of({path: text}).all(Command)


def seen(path: str, text: str) -> list[tuple[int, str, dict[str, str]]]:
    return [
        (c.row, c.kind, {name: word.text for name, word in c.options.items()})
        for c in commands(path, text)
    ]


WORKER = {"app": "shop", "queues": "a,b"}

CASES = {
    "procfile": ("Procfile", "web: gunicorn x\nworker: celery -A shop worker -Q a,b\n", 2),
    "python -m": ("Procfile", "w: python3.11 -m celery -A shop worker -Q a,b\n", 1),
    "celery 4": ("Procfile", "w: celery worker -A shop -Q a,b\n", 1),
    "watchmedo": (
        "Procfile",
        "w: watchmedo auto-restart -d . -- celery -A shop worker --queues=a,b\n",
        1,
    ),
    "poetry": ("Procfile", "w: poetry run celery -A shop worker -Q a,b\n", 1),
    "gosu": ("run.sh", "#!/bin/sh\nexec gosu celery celery -A shop worker \\\n  -Q a,b\n", 2),
    "sudo": (
        "run.sh",
        "sudo -u celery /opt/bin/celery -A shop worker -Q a,b > /dev/null 2>&1\n",
        1,
    ),
    "watchfiles": ("run.sh", "exec watchfiles 'celery -A shop worker -Q a,b' src\n", 1),
    "watchfiles with a function": (
        "run.sh",
        "exec watchfiles --filter python celery.__main__.main --args '-A shop worker -Q a,b'\n",
        1,
    ),
    "conditions": ("run.sh", "if x; then\n  celery -A shop worker -Q a,b # c\nfi\n", 2),
    "compose text": (
        "compose.yml",
        "services:\n  w:\n    tty: 1\n    command: >\n      celery -A shop\n      worker -Q a,b\n",
        4,
    ),
    "compose list": (
        "compose.yml",
        "services:\n  w:\n    command:\n      [celery, -A, shop, worker, '-Qa,b']\n",
        4,
    ),
    "compose entrypoint": (
        "compose.yml",
        "services:\n  w:\n    entrypoint: celery -A shop\n    command: worker -Q a,b\n",
        4,
    ),
    "compose shell": (
        "compose.yml",
        "services:\n  w:\n    command: bash -c 'wait && celery -A shop worker -Q a,b'\n",
        3,
    ),
    "compose merge": (
        "compose.yml",
        "x-w: &w\n  command: celery -A shop worker -Q a,b\nservices:\n  w:\n    <<: *w\n",
        2,
    ),
    "docker exec": ("Dockerfile", 'FROM x\nCMD ["celery", "-A", "shop", "worker", "-Qa,b"]\n', 2),
    "docker shell": (
        "app.Dockerfile",
        "FROM x\nCMD celery -A shop \\\n  # why\n  worker -Q a,b\n",
        2,
    ),
    "docker both": (
        "Dockerfile",
        'FROM x\nENTRYPOINT ["celery", "-A", "shop"]\nCMD ["worker", "-Q", "a,b"]\n',
        3,
    ),
    "systemd": (
        "w.service",
        "[Service]\nExecStart=/bin/false\nExecStart=\nExecStart=-/bin/celery -A shop \\\n"
        " worker -Q a,b\n",
        4,
    ),
    "supervisor": (
        "supervisord.conf",
        "[program:w]\nautostart=true\ncommand=/bin/celery -A shop worker -Q a,b ; now\n",
        3,
    ),
    "supervisor with a program of the environment": (
        "supervisord.conf",
        "[program:w]\ncommand = %(ENV_AA_CELERY)s\n    -A shop worker -Q a,b\n",
        2,
    ),
    "kubernetes": (
        "k8s/w.yaml",
        "apiVersion: v1\nkind: ConfigMap\n---\napiVersion: batch/v1\nkind: CronJob\nspec:\n"
        "  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n"
        "          - name: w\n            command: [celery]\n"
        "            args: [-A, shop, worker, -Q, 'a,b']\n",
        13,
    ),
    "make": ("Makefile", "run:\n\t@celery -A shop worker -Q a,b\n", 2),
    "poe": ("pyproject.toml", "[tool.poe.tasks]\nw = 'celery -A shop worker -Q a,b'\n", 2),
    "npm": ("package.json", '{"scripts": {\n"w": "celery -A shop worker -Q a,b"}}\n', 2),
    "multi": ("run.sh", "celery multi start 3 -A shop -Q a,b\n", 1),
}


@pytest.mark.parametrize("name", CASES)
def test_a_command_is_found(name: str) -> None:
    path, text, row = CASES[name]
    kind = "multi" if name == "multi" else "worker"
    assert seen(path, text) == [(row, kind, WORKER)]
    assert [c.app and c.app.main for c in commands(path, text)] == ["shop"]
    crlf = text.replace("\n", "\r\n")
    assert [(kind, options) for _, kind, options in seen(path, crlf)] == [(kind, WORKER)]


@pytest.mark.parametrize(
    "line",
    [
        "echo celery -A shop worker",
        "pip install celery worker",
        "pkill -f 'celery -A shop worker'",
        "# celery -A shop worker",
        "celery -A shop inspect ping",
        "celery multi stop 3 -A shop",
        "celery -A shop $COMMAND",
        "celery -A 'shop worker",
    ],
)
def test_what_runs_nothing(line: str) -> None:
    assert commands("run.sh", f"{line}\n") == []


def test_what_a_shell_decides_is_not_known() -> None:
    [given, default, others] = commands(
        "run.sh",
        "celery -A shop worker -Q $QUEUES -c 2\n"
        'celery -A shop worker -Q "${QUEUES:-a,b}"\n'
        "celery -A shop worker $OPTIONS -c 2\n",
    )
    for command in (given, default, others):
        with pytest.raises(Undecided):
            _ = command.queues
    assert default.options["queues"].default == "a,b"
    assert given.number("concurrency") == others.number("concurrency") == 2
    assert given.number("time-limit") is None


def test_the_unit_of_celerys_documentation() -> None:
    text = (
        "[Service]\nEnvironmentFile=/etc/conf.d/celery\nExecStart=/bin/sh -c '${CELERY_BIN} "
        "-A $CELERY_APP multi start $CELERYD_NODES \\\n --pidfile=${CELERYD_PID_FILE} "
        "$CELERYD_OPTS'\n"
    )
    [command] = commands("celery.service", text)
    assert (command.row, command.kind, command.open, command.app) == (3, "multi", True, None)
    with pytest.raises(Undecided):
        command.number("time-limit")


def test_the_environment_beside_a_command() -> None:
    [one] = commands(
        "compose.yml",
        "services:\n  w:\n    command: celery -A shop worker\n    environment:\n"
        "      - A=1\n      - B\n      - C=${C}\n",
    )
    assert one.variable("A") == "1" and one.variable("D") is None
    for name in "BC":
        with pytest.raises(Undecided):
            one.variable(name)


def test_workers_of_an_app() -> None:
    project = project_of({"Procfile": "w: celery -A shop worker\nb: celery -A shop beat\n"})
    [command] = project.all(Command)[:1]
    assert command.app is not None
    assert [c.row for c in worker_commands(command.app)] == [1]


BAD: dict[str, tuple[str, bytes]] = {
    "tab": ("compose.yml", b"services:\n\tw: celery\n"),
    "no YAML": ("compose.yml", b"celery: [}\n"),
    "template": ("chart/templates/w.yaml", b"{{- if x }}\ncelery: 1\n{{- end }}\n"),
    "nul": ("run.sh", b"celery\0 worker"),
    "large": ("compose.yml", b"# celery\n" + b"a: b\n" * 2_000_000),
    "nested": ("compose.yml", b"celery: " + b"[" * 100_000),
    "nested by rows": (
        "compose.yml",
        b"celery:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 900)),
    ),
    "bomb": (
        "compose.yml",
        b"celery: 1\na0: &a0 {command: celery}\n"
        + b"".join(
            b"a%d: &a%d {<<: [%s]}\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9))
            for n in range(1, 12)
        )
        + b"services:\n  w:\n    <<: *a11\n",
    ),
    "circle": ("compose.yml", b"services: &s\n  celery: *s\n  <<: *s\n"),
    "latin-1": ("compose.yml", "services:\n  celery: é\n".encode("latin-1")),
    "toml": ("pyproject.toml", b"[tool.poe.tasks]\ncelery = ["),
    "json": ("package.json", b'{"celery": ' + b"[" * 100_000),
    "supervisor": ("supervisord.conf", b"celery\n[program:x]\ncommand=celery worker\n"),
}
SILENT = {"circle", "latin-1", "nested by rows"}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told(name: str) -> None:
    path, data = BAD[name]
    project = project_of({path: b"# worker\n" + data})
    assert project.all(Command) == []
    told = unreadable_files(project)
    assert name in SILENT or [place for place, _ in told] == [path]


PIECES = st.sampled_from(
    [text for _, text, _ in CASES.values()]
    + ["*a", "&a", "<<: *a\n", "{{ x }}", "${", "$(", "'", '"', "\\\n", "\t", "\x00", "- ", ": "]
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted({path for path, _, _ in CASES.values()})),
    st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=6),
    st.integers(0, 400),
    st.text(max_size=4),
)
def test_no_file_breaks_a_reader(path: str, pieces: list[str], cut: int, put: str) -> None:
    text = "".join(pieces)
    text = text[:cut] + put + text[cut + len(put) :]
    reader: Callable[[str], Any] | None = reader_of(path)
    assert reader is not None
    try:
        found = list(reader(text))
    except Unreadable:
        return
    assert all(isinstance(one, Found) and one.row >= 1 for one in found)
