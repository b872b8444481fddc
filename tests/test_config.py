"""Configuration: where it is found, and what is said about mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_celery import config
from flake8_celery.config import OPTIONS, ConfigError

from .conftest import Place

HEADER = "[tool.flake8-celery]\n"


def found(place: Place, folder: str = ".") -> str | None:
    """The configuration file for a folder, relative to the project."""
    path = config.find(str(place.folder / folder)).path
    return path and str(Path(path).relative_to(place.folder))


class TestDiscovery:
    def test_none(self, place: Place) -> None:
        assert config.find(str(place.folder)) == config.NO_CONFIG

    def test_order_in_a_folder(self, place: Place) -> None:
        place.put({"pyproject.toml": HEADER})
        assert found(place) == "pyproject.toml"
        place.put({"flake8-celery.toml": ""})
        assert found(place) == "flake8-celery.toml"
        place.put({".flake8-celery.toml": ""})
        assert found(place) == ".flake8-celery.toml"

    def test_the_closest_counts_and_nothing_is_merged(self, place: Place) -> None:
        place.put({"flake8-celery.toml": 'ignore = ["CEL"]\n', "a/b/pyproject.toml": HEADER})
        assert found(place, "a/b") == "a/b/pyproject.toml"
        assert config.find(str(place.folder / "a/b")).values == {}
        assert found(place, "a") == "flake8-celery.toml"

    def test_a_pyproject_without_our_table_does_not_count(self, place: Place) -> None:
        place.put({"flake8-celery.toml": "", "a/pyproject.toml": "[tool.ruff]\n"})
        assert found(place, "a") == "flake8-celery.toml"
        place.put({"a/pyproject.toml": '[project]\ndependencies = ["flake8-celery"]\n'})
        assert found(place, "a") == "flake8-celery.toml"

    def test_a_broken_pyproject_of_somebody_else_does_not_matter(self, place: Place) -> None:
        place.put({"pyproject.toml": "[tool.other\nx = = 1\n", "a.py": "import celery\nplain()\n"})
        assert place.check("-q").code == 1

    def test_values(self, place: Place) -> None:
        place.put({"pyproject.toml": HEADER + 'select = ["CEL1"]\npreview = true\n'})
        settings = config.find(str(place.folder))
        assert settings.get("select") == ["CEL1"]
        assert settings.get("preview") is True
        assert settings.get("output-format") == "full"
        assert settings.folder == str(place.folder)


MISTAKES = [
    ('selekt = ["CEL1"]\n', 2, "unknown key `selekt`, did you mean `select`?"),
    ('\n# x\nselect = "CEL1"\n', 4, "`select` must be a list of strings"),
    ("beat-stampede = 0\n", 2, "`beat-stampede` must be a whole number from 1"),
    ("beat-stampede = true\n", 2, "`beat-stampede` must be a whole number from 1"),
    ("ignore = [1]\n", 2, "`ignore` must be a list of strings"),
    ('preview = "yes"\n', 2, "`preview` must be true or false"),
    ("cache-dir = 1\n", 2, "`cache-dir` must be a string"),
    ('target-celery = "new"\n', 2, "`new` is not a version such as `5.4`"),
    ('target-celery = "5.6-5.3"\n', 2, "`5.6-5.3` ends before it begins"),
    ('select = ["CEL1"]\nzzz = 1\n', 3, "unknown key `zzz`, expected one of: select"),
    ('extend-select = ["CEL"]\nselect = 1\n', 3, "`select` must be"),
    ('"select" = 1\n', 2, "`select` must be"),
    ("  select   = 1\n", 2, "`select` must be"),
    ("lint.x = []\n", 2, "unknown key `lint.x`"),
    ("[tool.flake8-celery.lint]\nx = 1\n", 3, "unknown key `lint.x`"),
    ('select = ["CEL970", "CEL79"]\n', 2, "Unknown rule selector `CEL79`"),
    ('ignore = ["celery-plane-mark"]\n', 2, "did you mean `celery-plain-mark`?"),
    ('select = [\n"CEL970",\n"cel970",\n]\n', 2, "Unknown rule selector `cel970`"),
    ('output-format = "xml"\n', 2, "`xml`"),
]


class TestMistakes:
    """Each is one line that names the file, the row and what is meant; the exit code is 2."""

    @pytest.mark.parametrize(("text", "row", "message"), MISTAKES)
    def test_mistake(self, place: Place, text: str, row: int, message: str) -> None:
        place.put({"pyproject.toml": HEADER + text, "a.py": "import celery\n"})
        ran = place.check()
        assert ran.code == 2 and ran.out == ""
        first, cause = ran.err.splitlines()
        assert first == "flake8-celery failed"
        assert message in cause
        assert f"{place.folder}/pyproject.toml:{row}" in cause

    def test_the_row_is_that_of_our_table(self, place: Place) -> None:
        text = '[tool.ruff.lint]\nselect = ["E"]\n[tool.flake8-celery]\nselect = 1\n'
        place.put({"pyproject.toml": text})
        with pytest.raises(ConfigError, match=r"pyproject\.toml:4: `select`"):
            config.find(str(place.folder))

    @pytest.mark.parametrize(
        "text",
        ["x = = 1\n", "[tool.flake8-celery\n", 'select = ["a"', "a = 1\na = 2\n", "[" * 5000],
    )
    def test_not_toml(self, place: Place, text: str) -> None:
        place.put({"flake8-celery.toml": text})
        ran = place.check()
        assert ran.code == 2
        assert f"{place.folder}/flake8-celery.toml: " in ran.err and "Traceback" not in ran.err

    def test_not_utf8(self, place: Place) -> None:
        place.put({"flake8-celery.toml": b"select = ['\xff']\n"})
        assert "flake8-celery.toml: not UTF-8" in place.check().err

    @pytest.mark.parametrize(
        "text", ["[tool]\nflake8-celery = 1\n", 'tool = {flake8-celery = "x"}\n']
    )
    def test_table_that_is_none(self, place: Place, text: str) -> None:
        place.put({"pyproject.toml": text})
        assert "`tool.flake8-celery` must be a table" in place.check().err

    def test_missing_file_on_the_command_line(self, place: Place) -> None:
        ran = place.check("--config", "nowhere.toml")
        assert ran.code == 2
        assert "The path `nowhere.toml` does not point to a configuration file" in ran.err


class TestCommandLine:
    def test_isolated_reads_none(self, place: Place) -> None:
        place.put({"flake8-celery.toml": "x = 1\n", "a.py": "import celery\nplain()\n"})
        assert place.check("-q", "--isolated").code == 1

    def test_config_names_the_file(self, place: Place) -> None:
        place.put({"other.toml": 'ignore = ["CEL972"]\n', "a.py": "import celery\nplain()\n"})
        assert place.check("-q").code == 1
        assert place.check("-q", "--config", "other.toml").code == 0

    def test_flags_win(self, place: Place) -> None:
        place.put({"flake8-celery.toml": 'output-format = "concise"\nselect = ["CEL970"]\n'})
        place.write(a="import celery\nplain()\nmended()\n")
        assert "CEL970" in place.check().out and "-->" not in place.check().out
        ran = place.check("--output-format", "full", "--select", "CEL972")
        assert "-->" in ran.out and "CEL972" in ran.out and "CEL970" not in ran.out

    def test_every_project_has_its_own(self, place: Place) -> None:
        for name, code in (("one", "CEL970"), ("two", "CEL972")):
            place.put(
                {
                    f"{name}/flake8-celery.toml": f'select = ["{code}"]\n',
                    f"{name}/a.py": "import celery\nplain()\nmended()\n",
                }
            )
        ran = place.check("--output-format", "concise", "-q", "one", "two")
        assert [line.split()[:2] for line in ran.out.splitlines()] == [
            ["one/a.py:3:1:", "CEL970"],
            ["two/a.py:2:1:", "CEL972"],
        ]


def test_every_option_says_what_it_is_for() -> None:
    for name, option in OPTIONS.items():
        assert option.name == name and option.help
        assert option.kind in ("text", "list", "flag", "number", "table")
