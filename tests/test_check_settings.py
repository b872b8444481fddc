"""What configuration files and flags say together, for which files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flake8_celery.config import OPTIONS, fits

from .conftest import Place

TEXT = "import celery\nmended()\nperhaps()\nplain()\n"
ALL = ["CEL970", "CEL971", "CEL972"]


def found(place: Place, *arguments: str) -> list[str]:
    """The codes, with their paths where there are several files."""
    ran = place.check("-q", "--output-format", "json", *arguments)
    assert ran.code < 2, ran.err
    records = json.loads(ran.out)
    names = {Path(record["filename"]).relative_to(place.folder) for record in records}
    return [
        f"{Path(r['filename']).relative_to(place.folder)} {r['code']}"
        if len(names) > 1
        else r["code"]
        for r in records
    ]


def cause(place: Place, *arguments: str) -> str:
    """Why a call has failed: one mistake, exit code 2."""
    ran = place.check(*arguments)
    assert ran.code == 2 and ran.out == "" and "Traceback" not in ran.err
    return ran.err


class TestExtend:
    def test_the_extended_file_comes_first(self, place: Place) -> None:
        place.write(a=TEXT)
        place.put(
            {
                "flake8-celery.toml": 'extend = "conf/base.toml"\nextend-select = ["CEL972"]\n',
                "conf/base.toml": 'select = ["CEL970"]\nextend-exclude = ["legacy/*.py"]\n',
                "conf/legacy/b.py": TEXT,
                "legacy/b.py": "import celery\nplain()\n",
            }
        )
        # Patterns start from the folder of the file that they are written in.
        assert found(place) == ["a.py CEL970", "a.py CEL972", "legacy/b.py CEL972"]

    def test_a_pyproject_may_be_extended(self, place: Place) -> None:
        place.write(sub__a=TEXT)
        place.put(
            {
                "pyproject.toml": '[tool.flake8-celery]\nselect = ["CEL970"]\n',
                "sub/flake8-celery.toml": 'extend = "../pyproject.toml"\n',
            }
        )
        assert found(place) == ["CEL970"]

    def test_excludes_are_added(self, place: Place) -> None:
        place.put({"base.toml": 'extend-exclude = ["b.py"]\nexclude = ["c.py"]\n'})
        place.put({"flake8-celery.toml": 'extend = "base.toml"\nextend-exclude = ["a.py"]\n'})
        place.write(a=TEXT, b=TEXT, c=TEXT, d=TEXT)
        assert set(found(place)) == set(ALL)

    def test_mistakes(self, place: Place) -> None:
        place.put({"flake8-celery.toml": 'extend = "nowhere.toml"\n'})
        assert f"{place.folder}/nowhere.toml: No such file" in cause(place)
        place.put({"flake8-celery.toml": 'extend = "b.toml"\n'})
        place.put({"b.toml": 'extend = "flake8-celery.toml"\n'})
        assert "Circular configuration detected" in cause(place)
        place.put({"b.toml": "selekt = []\n"})
        assert f"{place.folder}/b.toml:1: unknown key `selekt`" in cause(place)


class TestLintTable:
    def test_it_wins_over_the_same_key_outside(self, place: Place) -> None:
        place.write(a=TEXT)
        text = 'select = ["CEL970"]\nlint.select = ["CEL972"]\n'
        place.put({"flake8-celery.toml": text})
        assert found(place) == ["CEL972"]

    def test_only_what_ruff_has_there(self, place: Place) -> None:
        place.put({"flake8-celery.toml": '[lint]\nexclude = ["a"]\n'})
        assert "unknown key `lint.exclude`" in cause(place)
        place.put({"flake8-celery.toml": "lint = 1\n"})
        assert "`lint` must be a table" in cause(place)


class TestPerFileIgnores:
    @pytest.mark.parametrize(
        ("pattern", "ignored"),
        [
            ("a.py", "a.py pkg/a.py"),
            ("pkg/a.py", "pkg/a.py"),
            ("pkg/*", "pkg/a.py pkg/b.py"),
            ("**/b.py", "pkg/b.py"),
            ("pkg/{a,b}.py", "pkg/a.py pkg/b.py"),
            ("!pkg/*", "a.py"),
            ("pkg", ""),
        ],
    )
    def test_patterns(self, place: Place, pattern: str, ignored: str) -> None:
        one = "import celery\nplain()\n"
        place.write(a=one, pkg__a=one, pkg__b=one)
        place.put({"flake8-celery.toml": f'[lint.per-file-ignores]\n"{pattern}" = ["CEL972"]\n'})
        ran = place.check("-q", "--output-format", "concise")
        kept = {line.split(":")[0] for line in ran.out.splitlines()}
        assert {"a.py", "pkg/a.py", "pkg/b.py"} - kept == set(ignored.split())

    def test_flags_replace_and_extend(self, place: Place) -> None:
        place.write(a=TEXT)
        place.put({"flake8-celery.toml": '[per-file-ignores]\n"*.py" = ["CEL970"]\n'})
        assert found(place) == ALL[1:]
        assert found(place, "--per-file-ignores", "a.py:CEL971,a.py:CEL972") == ["CEL970"]
        assert found(place, "--extend-per-file-ignores", "a.py:CEL971") == ["CEL972"]
        assert found(place, "--per-file-ignores", "b.py:ALL") == ALL

    def test_mistakes(self, place: Place) -> None:
        place.put({"flake8-celery.toml": '[per-file-ignores]\n"*.py" = ["NOPE"]\n'})
        assert "Unknown rule selector `NOPE` in `per-file-ignores` from" in cause(place)
        place.put({"flake8-celery.toml": 'per-file-ignores = ["a.py"]\n'})
        assert "`per-file-ignores` must be a table of lists of strings" in cause(place)


class TestClosestFile:
    """Each file obeys the configuration closest to it, whatever was named in the call."""

    @pytest.fixture(autouse=True)
    def files(self, place: Place) -> None:
        place.write(a=TEXT, near__b=TEXT, near__below__c=TEXT, other__d=TEXT)
        place.put({"flake8-celery.toml": 'select = ["CEL970"]\n'})
        place.put({"near/pyproject.toml": '[tool.flake8-celery]\nselect = ["CEL97"]\n'})
        place.put({"other/pyproject.toml": "[tool.ruff]\n"})

    WANTED = (
        "a.py CEL970",
        *(f"near/b.py {code}" for code in (*ALL, "CEL974")[:3]),
        *(f"near/below/c.py {code}" for code in ALL),
        "other/d.py CEL970",
    )

    def test_all_of_them(self, place: Place) -> None:
        assert found(place) == list(self.WANTED)

    def test_single_files(self, place: Place) -> None:
        assert found(place, "near/below/c.py") == ALL
        assert found(place, "other/d.py") == ["CEL970"]

    def test_fixes_too(self, place: Place) -> None:
        place.put({"near/flake8-celery.toml": 'unfixable = ["CEL970"]\n'})
        place.check("--fix")
        assert "mended" in place.read("near/b.py") and "mended" not in place.read("a.py")

    def test_one_for_all_on_request(self, place: Place) -> None:
        assert len(found(place, "--isolated")) == 12
        place.put({"one.toml": 'select = ["CEL972"]\n'})
        assert [line.split()[1] for line in found(place, "--config", "one.toml")] == ["CEL972"] * 4

    def test_flags_come_last(self, place: Place) -> None:
        shown = found(place, "--select", "CEL972", "--config", "lint.select = ['CEL970']")
        assert [line.split()[1] for line in shown] == ["CEL972"] * 4
        shown = found(place, "--config", "extend-select = ['CEL972']")
        assert "a.py CEL972" in shown and "near/b.py CEL971" in shown

    def test_mistakes_below(self, place: Place) -> None:
        place.put({"near/pyproject.toml": '[tool.flake8-celery]\nselect = ["NOPE"]\n'})
        assert f"from {place.folder}/near/pyproject.toml:2" in cause(place)
        place.put({"near/pyproject.toml": "[tool.flake8-celery]\nx = 1\n"})
        assert "unknown key `x`" in cause(place)


class TestFromRuff:
    """`exclude`, `extend-exclude` and `src` are ruff's where ours are not set."""

    def test_excludes(self, place: Place) -> None:
        place.write(a=TEXT, made__b=TEXT)
        place.put({"pyproject.toml": '[tool.ruff]\nextend-exclude = ["made"]\n'})
        assert found(place) == ALL
        place.put({"flake8-celery.toml": 'extend-exclude = ["a.py"]\n'})
        assert set(found(place)) == set(ALL)
        assert all("b.py" in line for line in place.check("--show-files").out.splitlines())
        assert len(found(place, "--isolated")) == 6

    def test_the_closest_file_of_ruff_counts(self, place: Place) -> None:
        place.write(a=TEXT, b=TEXT)
        place.put({"pyproject.toml": '[tool.ruff]\nexclude = ["a.py"]\n'})
        place.put({"ruff.toml": 'exclude = ["b.py"]\n', "broken/ruff.toml": "exclude = [\n"})
        assert place.check("--show-files").out == f"{place.folder}/a.py\n"
        place.put({".ruff.toml": "exclude = [\n"})
        assert len(found(place)) == 6

    def test_in_flake8_too(self, place: Place) -> None:
        place.write(old__names="import celery\ndef name():\n    pass\n")
        place.write(a="import celery\nfrom old.names import name\nacross(name)\n")
        assert "CEL975" in place.flake8("--select", "CEL", "a.py").out
        place.put({"pyproject.toml": '[tool.ruff]\nextend-exclude = ["old"]\n'})
        assert place.flake8("--select", "CEL", "a.py").out == ""


class TestFixable:
    def test_what_may_be_made(self, place: Place) -> None:
        for text, flags, left in (
            ('unfixable = ["CEL970"]', ["--fix"], TEXT),
            ('fixable = ["CEL971"]', ["--fix"], TEXT),
            ('unfixable = ["CEL970"]', ["--fix", "--fixable", "CEL970"], TEXT[:14] + TEXT[23:]),
            (
                'extend-safe-fixes = ["CEL971"]',
                ["--fix"],
                "import celery\nsurely()\nplain()\n",
            ),
            ('extend-unsafe-fixes = ["CEL970"]', ["--fix"], TEXT),
            (
                'extend-safe-fixes = ["CEL97"]\nextend-unsafe-fixes = ["CEL970"]',
                ["--fix"],
                "import celery\nmended()\nsurely()\nplain()\n",
            ),
            ("fix = true", [], TEXT[:14] + TEXT[23:]),
            ("fix = true", ["--no-fix"], TEXT),
            ("fix = true\nunsafe-fixes = true", [], "import celery\nsurely()\nplain()\n"),
        ):
            place.write(a=TEXT)
            place.put({"flake8-celery.toml": text})
            place.check(*flags)
            assert place.read("a.py") == left, text

    def test_nothing_said_of_unsafe_fixes(self, place: Place) -> None:
        place.write(a=TEXT)
        place.put({"flake8-celery.toml": "unsafe-fixes = false\n"})
        assert "unsafe" not in place.check("--output-format", "concise").out


class TestRequiredVersion:
    def test_another_is_a_mistake(self, place: Place) -> None:
        place.put({"flake8-celery.toml": 'required-version = ">=99"\n'})
        assert "Required version `>=99` does not match the running version" in cause(place)
        place.put({"flake8-celery.toml": 'required-version = ">=0"\n'})
        assert place.check().code == 0
        place.put({"flake8-celery.toml": 'required-version = "new"\n'})
        assert "`new` is not a version" in cause(place)

    @pytest.mark.parametrize(
        ("specifiers", "well"),
        [
            ("1.2.3", True),
            ("==1.2.3", True),
            ("==1.2", False),
            (">=1.2,<2", True),
            (">1.2.3", False),
            ("<=1.2.3", True),
            ("!=1.2.3", False),
            ("~=1.2", True),
            ("~=1.1.0", False),
            ("~=1.2.1", True),
            (" >= 1 , < 1.2.4 ", True),
        ],
    )
    def test_specifiers(self, specifiers: str, well: bool) -> None:
        assert fits("1.2.3", specifiers) == well


class TestInline:
    def test_settings_of_every_kind(self, place: Place) -> None:
        place.write(a=TEXT)
        assert found(place, "--config", "lint.select=['CEL972']") == ["CEL972"]
        assert found(place, "--config", "lint = {ignore = ['CEL97']}") == []
        assert found(place, "--config", "exclude = ['a.py']") == []
        ran = place.check("--config", "output-format = 'pylint'")
        assert "a.py:2: [CEL970]" in ran.out

    def test_mistakes(self, place: Place) -> None:
        for text, said in (
            ("selekt = 1", "unknown key `selekt`"),
            ("select = 1", "`select` must be a list of strings"),
            ("select = [", "is not valid TOML"),
            ("nowhere.toml", "does not point to a configuration file"),
        ):
            assert said in cause(place, "--config", text)
        assert "in `select` from the CLI" in cause(place, "--config", "select = ['NOPE']")
        place.put({"a.toml": "", "b.toml": ""})
        assert "more than one" in cause(place, "--config", "a.toml", "--config", "b.toml")
        assert "cannot be used with `--isolated`" in cause(
            place, "--config", "a.toml", "--isolated"
        )


class TestShown:
    def test_files(self, place: Place) -> None:
        place.write(a="", b="", venv__c="", sub__d="")
        place.put({"script": "", "note.txt": ""})
        shown = [f"{place.folder}/{name}" for name in ("a.py", "b.py", "sub/d.py")]
        assert place.check("--show-files").out.splitlines() == shown
        assert place.check("--show-files", "sub").out.splitlines() == shown[2:]
        assert place.check("--show-files", "b.py", "venv", "script").out.splitlines() == [
            f"{place.folder}/{name}" for name in ("b.py", "script", "venv/c.py")
        ]
        assert place.check("--show-files", "nowhere.py").out == ""

    def test_settings(self, place: Place) -> None:
        place.write(sub__a="")
        place.put({"sub/flake8-celery.toml": 'select = ["CEL970"]\nunfixable = ["ALL"]\n'})
        lines = place.check("--show-settings", "--preview").out.splitlines()
        assert lines[:2] == [
            f'Resolved settings for: "{place.folder}/sub/a.py"',
            f'Settings path: "{place.folder}/sub/flake8-celery.toml"',
        ]
        assert "linter.preview = enabled" in lines
        at = lines.index("linter.rules.enabled = [")
        assert lines[at + 1 : at + 3] == ["\tcelery-mended-mark (CEL970),", "]"]
        assert "linter.rules.should_fix = []" in lines
        assert "No files found" in place.check("--show-settings", "nowhere").err

    def test_one_option(self, place: Place) -> None:
        assert place.run("config").out.splitlines() == list(OPTIONS)
        record = json.loads(place.run("config", "select", "--output-format", "json").out)
        assert list(record) == "doc default value_type scope example deprecated".split()
        everything = json.loads(place.run("config", "--output-format", "json").out)
        assert list(everything) == list(OPTIONS) and everything["select"] == record
        assert "Type: dict[str, list[str]]" in place.run("config", "lint.per-file-ignores").out
        assert place.run("config", "lint").out.splitlines()[0] == "lint.select"
        for name in ("nope", "lint.exclude"):
            assert place.run("config", name).err.startswith(f"error: invalid value '{name}'")

    def test_what_is_done(self, place: Place) -> None:
        place.write(a=TEXT)
        ran = place.check("--verbose")
        assert ran.code == 1 and "Checked 1 files in: " in ran.err


class TestSourceFolders:
    """Imports may start from folders that are packages themselves."""

    @pytest.mark.parametrize(
        "files",
        [
            {"flake8-celery.toml": 'src = ["code"]\n'},
            {"pyproject.toml": '[tool.ruff]\nsrc = ["code"]\n'},
            {"flake8-celery.toml": "", "pyproject.toml": '[tool.ruff]\nsrc = [".", "./code"]\n'},
        ],
    )
    def test_names_start_there(self, place: Place, files: dict[str, str | bytes]) -> None:
        place.put({"code/__init__.py": "", "code/shop/__init__.py": ""})
        place.write(code__shop__names="def name():\n    pass\n")
        place.write(a="import celery\nfrom shop.names import name\nacross(name)\n")
        assert found(place) == []
        place.put(files)
        assert found(place) == ["CEL975"]
        assert "CEL975" in place.flake8("--select", "CEL", "a.py").out
