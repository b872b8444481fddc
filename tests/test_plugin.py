"""The flake8 face, run as users run it: real flake8 in a process of its own."""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
from pathlib import Path

import pytest

from flake8_celery import config, run
from flake8_celery.plugin import Plugin, PreviewPlugin

from .conftest import Place, Ran

# One finding of each stand-in rule that is on by default, and of those that are not.
EVERYTHING = """\
import celery, os
mended()
perhaps()
plain()
early()
picky()
"""


def codes(ran: Ran) -> list[str]:
    """The codes that flake8 printed, those of other plugins included."""
    assert ran.err == ""
    return sorted(line.split()[1] for line in ran.out.splitlines())


def lines(ran: Ran) -> list[str]:
    return sorted(ran.out.splitlines())


class TestSelection:
    """What runs with which options of flake8."""

    @pytest.fixture(autouse=True)
    def files(self, place: Place) -> None:
        place.write(a=EVERYTHING)

    def test_nothing_selected(self, place: Place) -> None:
        found = codes(place.flake8("a.py"))
        assert [code for code in found if code.startswith("CEL")] == ["CEL970", "CEL971", "CEL972"]
        assert "F401" in found

    def test_select_all_of_ours_reaches_rules_that_are_off_but_no_preview(
        self, place: Place
    ) -> None:
        wanted = ["CEL970", "CEL971", "CEL972", "CEL974"]
        assert codes(place.flake8("--select", "CEL", "a.py")) == wanted

    def test_ignoring_another_code_does_not_switch_rules_on(self, place: Place) -> None:
        found = codes(place.flake8("--ignore", "E501,F,E401", "a.py"))
        assert found == ["CEL970", "CEL971", "CEL972"]

    def test_extend_select_adds_a_rule_that_is_off(self, place: Place) -> None:
        assert "CEL974" in codes(place.flake8("--extend-select", "CEL974", "a.py"))

    def test_select_and_ignore_of_single_rules(self, place: Place) -> None:
        assert codes(place.flake8("--select", "CEL97", "--ignore", "CEL970", "a.py")) == [
            "CEL971",
            "CEL972",
            "CEL974",
        ]
        assert codes(place.flake8("--select", "CEL972", "a.py")) == ["CEL972"]
        assert codes(place.flake8("--extend-ignore", "CEL,F,E", "a.py")) == []

    def test_preview_rules_run_with_their_extension_only(self, place: Place) -> None:
        found = codes(place.flake8("--enable-extensions", "CEP", "--select", "CEL", "a.py"))
        assert found == ["CEL970", "CEL971", "CEL972", "CEL973", "CEL974"]
        assert "CEL973" not in codes(place.flake8("--select", "CEL973", "a.py"))

    def test_when_others_are_selected_nothing_is_analysed(self, place: Place) -> None:
        assert not any("CEL" in code for code in codes(place.flake8("--select", "F", "a.py")))
        assert not (place.folder / ".flake8_celery_cache").exists()


class TestSuppression:
    @pytest.mark.parametrize(
        ("comment", "silent"),
        [
            ("# noqa: CEL972", True),
            ("# noqa", True),
            ("# noqa: CEL971", False),
            ("# ruff: ignore[CEL972]", True),
            ("# ruff: ignore[celery-plain-mark]", True),
            ("# ruff: ignore[CEL971]", False),
        ],
    )
    def test_comment_on_the_line(self, place: Place, comment: str, silent: bool) -> None:
        place.write(a=f"import celery\nplain()  {comment}\nplain()\n")
        found = codes(place.flake8("--select", "CEL", "a.py"))
        assert found == (["CEL972"] if silent else ["CEL972", "CEL972", "CEL990"])

    def test_comment_for_the_file(self, place: Place) -> None:
        place.write(a="# ruff: file-ignore[CEL972]\nimport celery\nplain()\nmended()\n")
        assert codes(place.flake8("--select", "CEL", "a.py")) == ["CEL970"]

    @pytest.mark.parametrize(
        "flags",
        [
            (),
            ("--select", "CEL"),
            ("--select", "CEL", "--ignore", "CEL972"),
            ("--select", "CEL", "--extend-ignore", "CEL97"),
            ("--select", "CEL970,CEL990"),
            ("--extend-select", "CEL974"),
        ],
    )
    def test_unused_comments_are_those_that_check_reports(
        self, place: Place, flags: tuple[str, ...]
    ) -> None:
        place.write(
            a="""
            import celery
            plain()  # noqa: CEL972
            plain()  # noqa: CEL970, CEL972, E501
            x = 1  # noqa: CEL972
            picky()  # noqa: CEL974
            x = 2  # noqa: CEL974
            x = 3  # noqa: CEL973, CEL999
            x = 4  # noqa
            x = 5  # noqa: CEL972, CEL990
            x = 6  # ruff: ignore[celery-plain-mark]
            # ruff: disable[CEL970]
            mended()
            # ruff: enable[CEL970]
            # ruff: disable[CEL971]
            """
        )
        ours = place.check("-q", "--output-format", "concise", *flags)
        wanted = [line.replace("[*] ", "") for line in ours.out.splitlines()]
        ran = place.flake8(*flags, "a.py")
        assert [line for line in ran.out.splitlines() if "CEL" in line] == wanted
        again = place.flake8(*flags, "--stdin-display-name", "a.py", "-", stdin=place.read("a.py"))
        assert again.out == ran.out and again.err == ran.err == ""

    def test_a_text_of_flake8_over_several_lines(self, place: Place) -> None:
        """There a comment counts on any line of it, in `check` on the last."""
        place.write(a='import celery\nplain("""  # noqa: CEL972\n""")\nx = 1\n')
        assert codes(place.flake8("--select", "CEL", "a.py")) == []

    def test_disable_noqa_disables_them_all(self, place: Place) -> None:
        text = "import celery\nplain()  # noqa: CEL972\nplain()  # ruff: ignore[CEL972]\n"
        place.write(a=text)
        assert codes(place.flake8("--select", "CEL", "a.py")) == []
        shown = codes(place.flake8("--select", "CEL", "--disable-noqa", "a.py"))
        assert shown == ["CEL972", "CEL972"]


def test_position_is_in_code_points_and_the_message_on_one_line(place: Place) -> None:
    place.write(a='import celery\nx = "😀", plain("""\n""")\n')
    ran = place.flake8("--select", "CEL", "a.py")
    assert ran.out == "a.py:2:10: CEL972 `plain` is called here\n"


@pytest.fixture
def package(place: Place) -> Place:
    """A project of many files, some of whose findings need two of them."""
    for number in range(6):
        place.write(
            **{
                f"pkg__m{number}": f"""
                import celery
                from pkg.m{(number + 1) % 6} import name{(number + 1) % 6}

                def name{number}():
                    plain()

                across(name{(number + 1) % 6})
                across(name{number})
                """
            }
        )
    place.write(pkg____init__="")
    return place


class TestSameAnswer:
    """Any number of processes, any start method and `check` give the same findings."""

    def wanted(self, package: Place) -> list[str]:
        ran = package.check("--select", "CEL", "--output-format", "concise", "-q")
        found = sorted(re.sub(r" \[\*\]", "", line) for line in ran.out.splitlines())
        assert len(found) == 12
        return found

    @pytest.mark.parametrize("jobs", ["-j1", "-j4"])
    def test_jobs(self, package: Place, jobs: str) -> None:
        assert lines(package.flake8("--select", "CEL", jobs, "pkg")) == self.wanted(package)

    @pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
    def test_start_methods(self, package: Place, method: str) -> None:
        ran = package.launch(method, "flake8", "--isolated", "--select", "CEL", "-j2", "pkg")
        assert (lines(ran), ran.err) == (self.wanted(package), "")

    def test_single_files(self, package: Place) -> None:
        names = [f"pkg/m{number}.py" for number in range(6)]
        assert lines(package.flake8("--select", "CEL", *names)) == self.wanted(package)
        one = lines(package.flake8("--select", "CEL", "pkg/m3.py"))
        assert one == [line for line in self.wanted(package) if line.startswith("pkg/m3")]

    def test_from_a_folder_of_the_project(self, package: Place) -> None:
        wanted = [line.removeprefix("pkg/") for line in self.wanted(package)]
        inside = Place(package.folder / "pkg", package._capsys)
        ran = inside.flake8("--select", "CEL", ".")
        assert [
            line.removeprefix("./").replace("stands in `pkg/", "stands in `") for line in lines(ran)
        ] == [line.replace("stands in `pkg/", "stands in `") for line in wanted]

    def test_absolute_paths(self, package: Place) -> None:
        ran = package.flake8("--select", "CEL", str(package.folder / "pkg"))
        assert [line.removeprefix(f"{package.folder}/") for line in lines(ran)] == self.wanted(
            package
        )

    def test_several_projects_in_one_call(self, place: Place) -> None:
        for name in ("one", "two"):
            place.put({f"{name}/setup.cfg": "", f"{name}/a.py": "import celery\nplain()\n"})
        found = place.flake8("--select", "CEL", "one/a.py", "two")
        assert [line.split(":")[0] for line in lines(found)] == ["one/a.py", "two/a.py"]

    def test_an_excluded_file_that_is_named(self, place: Place) -> None:
        place.put({"venv/a.py": "import celery\nplain()\n", "b.py": "import celery\nplain()\n"})
        found = place.flake8("--select", "CEL", "venv/a.py", ".")
        assert {line.split(":")[0] for line in lines(found)} >= {"venv/a.py", "./b.py"}

    def test_configurations_below_the_root(self, package: Place) -> None:
        """What is selected is flake8's own affair; `check` with the same flag finds the same."""
        package.put(
            {
                "pkg/flake8-celery.toml": 'select = ["CEL970"]\nignore = ["CEL972"]\n',
                "other/pyproject.toml": '[tool.flake8-celery]\nselect = ["CEL970"]\n',
                "other/a.py": "import celery\nx = 1\n",
            }
        )
        found = [line.removeprefix("./") for line in lines(package.flake8("--select", "CEL", "."))]
        assert found == self.wanted(package)
        # Each of them is a project of its own where it is what is named.
        flags = ("--select", "CEL", "pkg", "other")
        ran = package.check("-q", "--output-format", "concise", *flags)
        assert lines(package.flake8(*flags)) == lines(ran) != found

    def test_the_excludes_of_the_configuration_hold_here_too(self, place: Place) -> None:
        place.write(old__names="def name():\n    pass\n", new="import celery\n")
        place.put({"flake8-celery.toml": 'extend-exclude = ["old"]\n'})
        place.write(a="import celery\nfrom old.names import name\nacross(name)\n")
        assert place.check().code == 0
        assert codes(place.flake8("--select", "CEL", "a.py")) == []


class TestStandardInput:
    """A text on standard input wins over the file that it stands for."""

    @pytest.fixture(autouse=True)
    def files(self, place: Place) -> None:
        place.write(pkg____init__="", pkg__names="import celery\ndef name():\n    pass\n")
        place.write(pkg__user="import celery\nplain()\n")

    TEXT = "import celery\nfrom pkg.names import name\n\n\nacross(name)\n"

    def given(self, place: Place, *arguments: str, text: str = TEXT) -> Ran:
        return place.flake8("--select", "CEL", *arguments, "-", stdin=text)

    @pytest.mark.parametrize("name", ["pkg/user.py", "./pkg/user.py", "pkg/unsaved.py"])
    def test_relative_name(self, place: Place, name: str) -> None:
        ran = self.given(place, "--stdin-display-name", name)
        assert ran.out == f"{name}:5:1: CEL975 `name` stands in `pkg/names.py:2`\n"
        assert ran.err == ""

    def test_absolute_name(self, place: Place) -> None:
        name = str(place.folder / "pkg/user.py")
        ran = self.given(place, "--stdin-display-name", name)
        assert ran.out == f"{name}:5:1: CEL975 `name` stands in `pkg/names.py:2`\n"

    @pytest.mark.parametrize("arguments", [(), ("--stdin-display-name", "stdin")])
    def test_no_name(self, place: Place, arguments: tuple[str, ...]) -> None:
        ran = self.given(place, *arguments, text="import celery\nplain()\nacross(name)\n")
        assert ran.out == "stdin:2:1: CEL972 `plain` is called here\n"
        assert ran.err == ""

    def test_relative_imports_of_an_unsaved_text(self, place: Place) -> None:
        text = "import celery\nfrom .names import name\nacross(name)\n"
        ran = self.given(place, "--stdin-display-name", "pkg/unsaved.py", text=text)
        assert "CEL975" in ran.out

    def test_text_that_is_not_python(self, place: Place) -> None:
        ran = self.given(place, "--stdin-display-name", "pkg/user.py", text="def f(:\n")
        assert (ran.out, ran.err) == ("", "")

    def test_byte_order_mark_and_carriage_returns(self, place: Place) -> None:
        text = "\ufeffimport celery\r\nplain()\r\n"
        ran = self.given(place, "--stdin-display-name", "pkg/user.py", text=text)
        assert ran.out.startswith("pkg/user.py:2:1: CEL972")


class TestNothingIsRaised:
    """Whatever goes wrong in our part, flake8 and the other plugins go on."""

    def test_poisoned_files(self, place: Place) -> None:
        place.put(
            {
                "syntax.py": "import celery\ndef f(:\n",
                "null.py": b"import celery\n\0\n",
                "latin.py": b"import celery\nx = '\xe9'\n",
                "deep.py": "import celery\nx = " + "(" * 1000 + ")" * 1000 + "\n",
                "fine.py": "import celery\nplain()\n",
            }
        )
        for jobs in ("-j1", "-j2"):
            ran = place.flake8("--select", "CEL,E9", jobs, ".")
            assert "./fine.py:2:1: CEL972 `plain` is called here" in lines(ran)
            assert any("E999" in line for line in lines(ran))
            assert "Traceback" not in ran.err + ran.out

    def test_failure_of_the_engine(
        self,
        place: Place,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        place.write(a="import celery\nplain()\n")

        def fail(*arguments: object) -> None:
            raise RuntimeError("out of order")

        monkeypatch.setattr(run, "analyse", fail)
        assert asked(place, "a.py") == []
        assert asked(place, "-", name="a.py") == []
        said = capsys.readouterr().err
        assert said.count("out of order") == 2 and "Traceback" not in said

    def test_failure_of_the_walk(
        self,
        place: Place,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        place.write(a="import celery\nplain()\n", b="import celery\nplain()\n")
        from flake8_celery.extract.walk import Walk

        finish = Walk.finish

        def fail(self: Walk) -> object:
            if self.source.path == "a.py":
                raise RuntimeError("out of order")
            return finish(self)

        monkeypatch.setattr(Walk, "finish", fail)
        assert asked(place, "a.py") == []
        assert [text for _, _, text, _ in asked(place, "b.py")] == ["CEL972 `plain` is called here"]
        assert "out of order" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "text",
        [
            "[tool.flake8-celery]\nselekt = []\n",
            "[tool.flake8-celery\n",
            "[tool]\nflake8-celery=1\n",
        ],
    )
    def test_broken_configuration(self, place: Place, text: str) -> None:
        place.put({"pyproject.toml": text, "a.py": "import celery, os\nplain()\n"})
        ran = place.flake8("--select", "CEL,F", "a.py")
        assert "a.py:1:1: F401" in ran.out
        assert "pyproject.toml" in ran.err and "Traceback" not in ran.err
        ran = place.flake8(
            "--select", "CEL,F", "-", "--stdin-display-name", "a.py", stdin="import os\n"
        )
        assert "a.py:1:1: F401" in ran.out and "Traceback" not in ran.err

    def test_bad_option(self, place: Place) -> None:
        place.write(a="import celery, os\nplain()\n")
        ran = place.flake8("--select", "CEL,F", "--celery-version", "new", "a.py")
        assert "a.py:1:1: F401" in ran.out and "`new` is not a version" in ran.err

    def test_file_that_does_not_exist(self, place: Place) -> None:
        ran = place.flake8("--select", "CEL,E9", "nowhere.py")
        assert "E902" in ran.out and ran.err == ""


def asked(place: Place, *filenames: str, name: str = "") -> list[tuple[object, ...]]:
    """What the plugin reports when it is used as flake8 uses it, in this process."""
    options = argparse.Namespace(
        filenames=list(filenames), select=["CEL"], extend_select=[], disable_noqa=False
    )
    Plugin.parse_options(options)
    path = name or filenames[0]
    text = Path(path).read_text(encoding="utf-8")
    return list(Plugin(None, path, text.splitlines(keepends=True)).run())


def test_a_long_lived_process_sees_what_has_changed(place: Place) -> None:
    """An editor's flake8 parses its options anew for each look."""
    place.write(a="import celery\nfrom b import name\nacross(name)\n", b="name = 1\n")
    assert asked(place, "a.py") == []
    place.write(b="def name():\n    pass\n")
    assert len(asked(place, "a.py")) == 1
    place.write(a="import celery\nplain()\nmended()\n")
    assert [row for row, *_ in asked(place, "a.py")] == [2, 3]
    (place.folder / "a.py").unlink()
    place.write(c="import celery\nplain()\n")
    assert [row for row, *_ in asked(place, "c.py")] == [2]


def test_preview_plugin_shows_only_preview_rules(place: Place) -> None:
    place.write(a=EVERYTHING)
    asked(place, "a.py")
    found = PreviewPlugin(None, "a.py", []).run()
    assert [text.split()[0] for _, _, text, _ in found] == ["CEL973"]


def test_flake8_knows_us(place: Place) -> None:
    assert "flake8-celery" in place.command(sys.executable, "-m", "flake8", "--version").out
    text = place.command(sys.executable, "-m", "flake8", "--help").out
    for option in config.OPTIONS.values():
        assert option.flake8 in text


def test_options_from_the_configuration_of_flake8(place: Place) -> None:
    place.put({"setup.cfg": "[flake8]\nselect = CEL\ncelery_version = old\n"})
    place.write(a="import celery\nplain()\n")
    ran = place.launch("flake8", "a.py")
    assert "`old` is not a version" in ran.err
    place.put({"setup.cfg": "[flake8]\nselect = CEL\ncelery_beat_stampede = many\n"})
    ran = place.launch("flake8", "a.py")
    assert "`beat-stampede` must be a whole number from 1" in ran.err


def test_lists_from_the_configuration_of_flake8(place: Place) -> None:
    place.put({"setup.cfg": "[flake8]\nselect = CEL021\ncelery_late_ack_tasks = b.*, a.p*\n"})
    place.write(a="from celery import Celery\napp = Celery('a')\n@app.task\ndef pay(): ...\n")
    assert place.launch("flake8", "a.py").out.startswith("a.py:3:2: CEL021 `a.pay`")
