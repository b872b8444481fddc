"""The command: exit codes, what goes where, and what is said about mistakes."""

from __future__ import annotations

import builtins
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flake8_celery import __version__
from flake8_celery.cli import COMMANDS, main
from flake8_celery.rule import load_rules

from .conftest import ROOT, Place

TEXT = "import celery\nmended()\nperhaps()\nplain()\n"


def places(out: str) -> list[str]:
    """The `path:row` and codes of concise output."""
    return [" ".join(line.replace(" [*]", "").split()[:2]) for line in out.splitlines()]


class TestExitCodes:
    def test_nothing_found(self, place: Place) -> None:
        place.write(a="import celery\n")
        ran = place.check()
        assert ran == (0, "All checks passed!\n", "")

    def test_something_found(self, place: Place) -> None:
        place.write(a=TEXT)
        ran = place.check()
        assert ran.code == 1
        assert ran.out.endswith(
            "Found 3 errors.\n[*] 1 fixable with `--fix` "
            "(1 unsafe fix available with `--fix --unsafe-fixes`).\n"
        )

    def test_exit_zero(self, place: Place) -> None:
        place.write(a=TEXT)
        assert place.check("--exit-zero").code == place.check("-e").code == 0
        assert place.check("--diff", "--exit-zero").code == 0
        assert place.check("--select", "NOPE", "--exit-zero").code == 2

    def test_quiet_and_silent(self, place: Place) -> None:
        place.write(a=TEXT)
        assert "Found" not in place.check("-q").out
        assert place.check("-s") == (1, "", "")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--bad-flag",),
            ("--output-format", "nope"),
            ("--select",),
            ("--select", "NOPE1"),
            ("--ignore", "cel"),
            ("--extend-select", ""),
            ("--config", "nowhere.toml"),
            ("--diff", "--show-fixes"),
        ],
    )
    def test_mistakes_in_the_call(self, place: Place, arguments: tuple[str, ...]) -> None:
        place.write(a=TEXT)
        ran = place.check(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err and "Traceback" not in ran.err

    def test_bad_selector_is_named_as_ruff_does(self, place: Place) -> None:
        assert place.check("--select", "CEL970,NOPE1").err == (
            "flake8-celery failed\n"
            "  Cause: Unknown rule selector `NOPE1` in `select` from the CLI\n"
        )
        assert "`cel970` in `ignore` from the CLI" in place.check("--ignore", "cel970").err
        ran = place.check("--extend-select", "celery-plain-marc")
        assert "from the CLI, did you mean `celery-plain-mark`?" in ran.err

    def test_without_a_command(self, place: Place) -> None:
        assert place.run().code == 2
        assert place.run("frobnicate").code == 2
        assert place.run("--help").code == 0
        assert place.run("--version").out == f"flake8-celery {__version__}\n"


def test_flags_of_ruff_that_mean_nothing_here(place: Place) -> None:
    place.write(a="import celery\n")
    flags = ("-v", "--line-length=80", "--dummy-variable-rgx=_", "--target-version=py311")
    assert place.check(*flags, "--no-fix", "--no-show-fixes", "--no-fix-only").code == 0


class TestPaths:
    def test_relative_to_the_working_directory(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place.write(a__b=TEXT, c=TEXT)
        flags = ("-q", "--output-format", "concise", "--select", "CEL972")
        assert places(place.check(*flags).out) == ["a/b.py:4:1: CEL972", "c.py:4:1: CEL972"]
        assert places(place.check(*flags, "a").out) == ["a/b.py:4:1: CEL972"]
        assert places(place.check(*flags, "./c.py").out) == ["c.py:4:1: CEL972"]
        assert places(place.check(*flags, "a", "a/b.py", "c.py", "c.py").out) == [
            "a/b.py:4:1: CEL972",
            "c.py:4:1: CEL972",
        ]
        monkeypatch.chdir(place.folder / "a")
        assert places(place.check(*flags).out) == ["b.py:4:1: CEL972"]
        above = f"{place.folder}/c.py:4:1: CEL972"
        assert places(place.check(*flags, "../c.py").out) == [above]

    def test_missing_file(self, place: Place) -> None:
        place.write(a="import celery\n")
        ran = place.check("--output-format", "concise", "a.py", "nowhere.py")
        assert ran.code == 1
        assert ran.out.startswith("nowhere.py:1:1: E902 No such file or directory (os error 2)\n")

    def test_empty_folder(self, place: Place) -> None:
        (place.folder / "empty").mkdir()
        ran = place.check("empty")
        assert ran.code == 0 and ran.out == "All checks passed!\n"
        assert ran.err == "warning: No Python files found under the given path(s)\n"
        assert place.check("empty", "--output-format", "json").out == "[]"

    def test_excluded_paths_that_are_named(self, place: Place) -> None:
        place.write(venv__a=TEXT, a="import celery\n")
        place.put({".gitignore": "made.py\n", "made.py": TEXT})
        assert place.check().code == 0
        for path in ("venv", "venv/a.py", "made.py"):
            assert place.check("-q", path).code == 1, path
        assert place.check("--force-exclude", "venv").code == 0
        assert place.check("--force-exclude", "venv/a.py").code == 0
        assert place.check("--no-respect-gitignore").code == 1
        assert place.check("--exclude", "nothing", "--select", "CEL972").code == 1
        assert place.check("made.py", "--force-exclude", "--extend-exclude", "made*").code == 0

    def test_linked_folder_that_is_named(self, place: Place, tmp_path_factory: object) -> None:
        place.write(real__a=TEXT)
        os.symlink(place.folder / "real", place.folder / "link")
        assert place.check("-q", "--output-format", "concise").out.count("real/a.py") == 3
        ran = place.check("-q", "--output-format", "concise", "link")
        assert ran.out.count("link/a.py") == 3

    def test_a_file_with_another_suffix(self, place: Place) -> None:
        place.put({"script": TEXT})
        assert place.check("-q", "script").code == 1


class TestStandardInput:
    def test_without_a_name(self, place: Place) -> None:
        ran = place.check("-", "-q", "--output-format", "concise", stdin=TEXT)
        assert places(ran.out) == ["-:2:1: CEL970", "-:3:1: CEL971", "-:4:1: CEL972"]

    def test_name_and_text_win_over_the_disk(self, place: Place) -> None:
        place.write(pkg__a=TEXT, pkg__names="import celery\ndef name():\n    pass\n")
        place.write(pkg____init__="")
        text = "import celery\nfrom .names import name\nacross(name)\n"
        for files in ([], ["-"]):
            ran = place.check(
                "-q", "--output-format", "concise", "--stdin-filename", "pkg/a.py", *files,
                stdin=text,
            )  # fmt: skip
            assert ran.out == "pkg/a.py:3:1: CEL975 `name` stands in `pkg/names.py:2`\n"

    @pytest.mark.parametrize("name", ["pkg/unsaved.py", "venv/a.py"])
    def test_as_an_editor_calls_it(self, place: Place, name: str) -> None:
        flags = ("--force-exclude", "--quiet", "--no-fix", "--output-format", "json")
        ran = place.check(*flags, "--stdin-filename", name, "-", stdin=TEXT)
        found = [] if name.startswith("venv") else ["CEL970", "CEL971", "CEL972"]
        records = json.loads(ran.out)
        assert [record["code"] for record in records] == found
        assert {record["filename"] for record in records} <= {str(place.folder / name)}

    def test_fixed_text_goes_to_standard_output(self, place: Place) -> None:
        text = "\ufeff# é\r\nimport celery\r\nmended()\r\nplain()\r\n"
        place.write(a="import celery\n")
        ran = place.launch("flake8-celery", "check", "--no-cache", "--fix", "-", stdin=text)
        assert ran.out == "\ufeff# é\r\nimport celery\r\nplain()\r\n"
        assert "Found 2 errors (1 fixed, 1 remaining)." in ran.err

    def test_not_python(self, place: Place) -> None:
        ran = place.check("-q", "--output-format", "concise", "-", stdin="import celery\ndef f(:\n")
        assert ran.out.startswith("-:2:7: invalid-syntax: ")
        ran = place.check("-q", "--output-format", "concise", "-", stdin=b"celery = '\xff'\n")
        assert ran.out.startswith("-:1:") and "E902" in ran.out


class TestStatistics:
    def test_text(self, place: Place) -> None:
        place.write(a=TEXT + "plain()\n")
        out = place.check("--statistics", "-q").out
        assert out.splitlines() == [
            "2\tCEL972\t[ ] celery-plain-mark",
            "1\tCEL970\t[*] celery-mended-mark",
            "1\tCEL971\t[ ] celery-perhaps-mark",
        ]
        plain = place.check("--statistics", "-q", "--select", "CEL972").out
        assert plain == "2\tCEL972\tcelery-plain-mark\n"

    def test_json(self, place: Place) -> None:
        place.write(a=TEXT)
        out = place.check("--statistics", "--output-format", "json").out
        assert json.loads(out)[0] == {
            "code": "CEL970",
            "name": "celery-mended-mark",
            "count": 1,
            "fixable": True,
            "fixable_count": 1,
        }

    def test_other_formats_have_none(self, place: Place) -> None:
        ran = place.check("--statistics", "--output-format", "github")
        assert ran.code == 2
        assert "Unsupported serialization format for statistics: Github" in ran.err


class TestFixes:
    def test_safe_fixes(self, place: Place) -> None:
        place.write(a=TEXT)
        ran = place.check("--fix", "--output-format", "concise")
        assert ran.code == 1
        assert place.read("a.py") == "import celery\nperhaps()\nplain()\n"
        assert "Found 3 errors (1 fixed, 2 remaining)." in ran.out

    def test_unsafe_fixes(self, place: Place) -> None:
        place.write(a=TEXT)
        place.check("--fix", "--unsafe-fixes")
        assert place.read("a.py") == "import celery\nsurely()\nplain()\n"

    def test_diff_changes_nothing(self, place: Place) -> None:
        place.write(a=TEXT)
        ran = place.check("--diff")
        assert ran.code == 1 and "-mended()" in ran.out
        assert place.read("a.py") == TEXT

    def test_nothing_said_of_unsafe_fixes_on_request(self, place: Place) -> None:
        place.write(a=TEXT)
        assert "unsafe" not in place.check("--no-unsafe-fixes", "--output-format", "concise").out

    def test_exit_codes(self, place: Place) -> None:
        for flags, code in (
            (("--fix",), 0),
            (("--fix", "--exit-non-zero-on-fix"), 1),
            (("--fix-only",), 0),
            (("--diff",), 1),
        ):
            place.write(a="import celery\nmended()\n")
            assert place.check(*flags).code == code, flags

    def test_encoding_and_mode_are_kept(self, place: Place) -> None:
        data = "# coding: latin-1\r\nimport celery\r\nmended()\r\nx = 'é'\r\n".encode("latin-1")
        place.put({"a.py": data})
        (place.folder / "a.py").chmod(0o755)
        place.check("--fix")
        path = place.folder / "a.py"
        assert path.read_bytes() == data.replace(b"mended()\r\n", b"")
        assert path.stat().st_mode & 0o777 == 0o755

    def test_an_interrupted_write_leaves_the_old_file(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*arguments: object) -> None:
            raise KeyboardInterrupt

        place.write(a=TEXT)
        monkeypatch.setattr(os, "replace", interrupt)
        for flag in ("--fix", "--add-noqa"):
            assert place.check(flag).code == 130
            assert place.read("a.py") == TEXT
            assert [path.name for path in place.folder.glob("a*")] == ["a.py"]

    def test_tabs_comments_and_ends_of_lines_are_kept(self, place: Place) -> None:
        before = b"import celery\r\nif 1:\r\n\t# why\r\n\tmended()\r\n\tx = 1\t# so  \r\n# end"
        place.put({"a.py": before})
        assert place.check("--fix").code == 0
        after = (place.folder / "a.py").read_bytes()
        assert after == before.replace(b"\tmended()\r\n", b"")

    @pytest.mark.parametrize("flag", ["--fix", "--add-noqa"])
    def test_a_full_disk_leaves_the_old_file(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, flag: str
    ) -> None:
        if not os.path.exists("/dev/full"):
            pytest.skip("no device that is always full")
        real = builtins.open

        def full(path: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
            if str(path).endswith(".tmp") and "w" in mode:
                real(path, "w").close()
                path = "/dev/full"
            return real(path, mode, *rest, **more)

        place.write(a=TEXT)
        monkeypatch.setattr(builtins, "open", full)
        ran = place.check(flag)
        assert ran.code == 2
        assert "cannot write a.py: [Errno 28] No space left on device" in ran.err
        assert place.read("a.py") == TEXT
        assert [path.name for path in place.folder.glob("a*")] == ["a.py"]

    @pytest.mark.parametrize("flag", ["--fix", "--add-noqa"])
    def test_a_file_that_cannot_be_written(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, flag: str
    ) -> None:
        place.write(a=TEXT, b=TEXT)
        monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("a.py"))
        ran = place.check(flag)
        assert ran.code == 2
        assert ran.err.startswith("error: cannot write a.py: [Errno 13] Permission denied")
        assert place.read("a.py") == TEXT and place.read("b.py") != TEXT

    def test_a_fixer_that_fails_costs_only_its_fix(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> object:
            raise ValueError("out of order")

        monkeypatch.setattr(load_rules()["CEL970"], "fixer", fail)
        place.write(a=TEXT)
        for flags in ((), ("--fix",)):
            ran = place.check("-q", "--output-format", "concise", *flags)
            assert places(ran.out)[0] == "a.py:2:1: CEL970"


class TestSuppressions:
    def test_comments(self, place: Place) -> None:
        place.write(a="import celery\nplain()  # noqa: CEL972\nplain()\n")
        flags = ("-q", "--output-format", "concise")
        assert places(place.check(*flags).out) == ["a.py:3:1: CEL972"]
        assert len(places(place.check(*flags, "--ignore-noqa").out)) == 2
        assert len(places(place.check(*flags, "--disable-noqa").out)) == 2

    def test_malformed_comments_are_told(self, place: Place) -> None:
        place.write(a="import celery\nplain()  # noqa: plain\n")
        ran = place.check()
        assert ran.code == 1
        assert ran.err.startswith("warning: Invalid `# noqa` directive on a.py:2")
        assert place.check("-q").err == place.check("-s").err == ""

    def test_failures_of_our_own_are_told_to_everybody(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> object:
            raise ValueError("out of order")

        monkeypatch.delenv("FLAKE8_CELERY_RAISE", raising=False)
        monkeypatch.setattr(load_rules()["CEL972"], "judge", fail)
        place.write(a=TEXT)
        assert "CEL972: cannot judge a.py:4: internal error" in place.check("-q").err


class TestOtherCommands:
    def test_version(self, place: Place) -> None:
        assert place.run("version").out == f"flake8-celery {__version__}\n"
        record = json.loads(place.run("version", "--output-format", "json").out)
        assert record == {"version": __version__, "commit_info": None}

    def test_linter(self, place: Place) -> None:
        assert "CEL" in place.run("linter").out
        (record,) = json.loads(place.run("linter", "--output-format", "json").out)
        assert set(record) == {"prefix", "name", "url"}

    def test_rule(self, place: Place) -> None:
        for name in ("CEL972", "celery-plain-mark"):
            assert place.run("rule", name).out.startswith("# celery-plain-mark (CEL972)\n")
        assert "preview" in place.run("rule", "CEL973").out
        record = json.loads(place.run("rule", "CEL970", "--output-format", "json").out)
        assert record["fix_availability"] == "Sometimes"
        assert record["category"] == "correctness"

    def test_all_rules(self, place: Place) -> None:
        records = json.loads(place.run("rule", "--all", "--output-format", "json").out)
        assert [record["code"] for record in records] == list(load_rules())
        text = place.run("rule", "--all").out
        assert all(f"({code})" in text for code in load_rules())

    def test_rule_has_the_keys_of_ruffs(self, place: Place) -> None:
        ours = json.loads(place.run("rule", "CEL970", "--output-format", "json").out)
        command = [sys.executable, "-m", "ruff", "rule", "F401", "--output-format", "json"]
        theirs = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        assert list(ours) == list(theirs)

    def test_unknown_rule(self, place: Place) -> None:
        ran = place.run("rule", "CEL9999")
        assert ran.code == 2
        assert ran.err.startswith("error: invalid value 'CEL9999' for '[RULE]'")
        assert place.run("rule").code == 2
        assert place.run("rule", "--all", "CEL970").code == 2

    def test_clean(self, place: Place) -> None:
        place.write(a=TEXT, b__setup="", b__c=TEXT)
        place.run("check")
        cache = place.folder / ".flake8_celery_cache"
        assert (cache / "CACHEDIR.TAG").exists() and (cache / ".gitignore").read_text() == "*\n"
        ran = place.run("clean")
        assert ran == (0, "", "Removing cache at: .flake8_celery_cache\n")
        assert not cache.exists()
        assert place.run("clean") == (0, "", "")

    def test_flags_of_every_command(self, place: Place) -> None:
        for words in ("version -q", "-q version", "linter --isolated -v", "clean -s"):
            assert place.run(*words.split()).code == 0, words
        assert place.run("version", "-q", "-v").code == 2

    @pytest.mark.parametrize("command", COMMANDS)
    def test_help(self, place: Place, command: str) -> None:
        ran = place.run(command, "--help")
        assert place.run("help", command) == ran
        assert ran.code == 0 and ran.out.startswith("usage: flake8-celery ")


class TestOneProcess:
    """What shows only in a process of its own."""

    def test_module_and_script_are_the_same(self, place: Place) -> None:
        place.write(a="import celery\n")
        script = os.path.join(os.path.dirname(sys.executable), "flake8-celery")
        for command in ([sys.executable, "-m", "flake8_celery"], [script]):
            if os.path.exists(command[0]):
                assert place.command(*command, "check", "--no-cache").out == "All checks passed!\n"

    def test_closed_pipe(self, place: Place) -> None:
        place.write(a="import celery\n" + "plain()\n" * 5000)
        command = f"{sys.executable} -m tests.launch flake8-celery check --no-cache | head -n1"
        ran = place.command("sh", "-c", command)
        assert ran.out.count("\n") == 1
        assert ran.err == ""

    @pytest.mark.parametrize("to", ["| true", ">&-", "> /dev/full"])
    def test_standard_output_that_takes_nothing(self, place: Place, to: str) -> None:
        """The exit code is ruff's."""
        place.write(a="import celery\n" + "plain(os)\n" * 9000)
        ours = f"{sys.executable} -m tests.launch flake8-celery"
        ran = []
        for tool in (f"{sys.executable} -m ruff", ours):
            flags = "--isolated --no-cache --output-format concise"
            script = f"({tool} check {flags}; echo $? > code) {to}"
            ran.append((place.command("sh", "-c", script).err, place.read("code")))
        (theirs, their_code), (said, code) = ran
        assert code == their_code
        assert "Traceback" not in said and bool(said) == bool(theirs)

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
    def test_a_signal_while_files_are_fixed(self, place: Place) -> None:
        """Whenever it comes, each file is the old one or the new one, and nothing else is left."""
        old, new = "import celery\nmended()\n", "import celery\n"
        names = {f"m{number:03}.py" for number in range(150)}
        command = [sys.executable, "-m", "tests.launch", "flake8-celery", "check", "--no-cache"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        codes = set()
        for _ in range(4):
            place.put(dict.fromkeys(names, old))
            running = subprocess.Popen(
                [*command, "--fix"],
                cwd=place.folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            # As soon as the first file is a new one.
            while running.poll() is None and place.read("m000.py") == old:
                time.sleep(0.001)
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
            assert b"Traceback" not in err
            codes.add(running.returncode)
            assert {place.read(name) for name in names} <= {old, new}
            assert {path.name for path in place.folder.glob("m*")} == names
        assert codes <= {0, 130}

    def test_start_is_fast(self, place: Place) -> None:
        """`--help` and `--version` take at most four times what Python takes to start."""

        def best(*command: str) -> float:
            times = []
            for _ in range(7):
                before = time.perf_counter()
                assert place.command(sys.executable, *command).code == 0
                times.append(time.perf_counter() - before)
            return min(times)

        for _ in range(3):
            bare = best("-c", "pass")
            slowest = max(best("-m", "flake8_celery", flag) for flag in ("--help", "--version"))
            if slowest <= 4 * bare:
                return
        pytest.fail(f"{slowest:.3f} s, Python {bare:.3f} s")

    def test_terminal_that_knows_only_ascii(self, place: Place) -> None:
        place.put({"a.py": "import celery\nx = '😀 é', plain()\n"})
        command = [sys.executable, "-m", "tests.launch", "flake8-celery", "check", "--no-cache"]
        ran = place.command(*command, env={"PYTHONIOENCODING": "ascii"})
        assert ran.code == 1 and ran.err == ""

    def test_file_name_that_is_no_text(self, place: Place) -> None:
        try:
            Path(os.fsdecode(os.fsencode(place.folder) + b"/caf\xe9.py")).write_text(TEXT)
        except OSError:
            pytest.skip("the file system wants names to be text")
        for name in ("full", "concise", "json"):
            ran = place.launch("flake8-celery", "check", "--no-cache", "--output-format", name)
            assert ran.code == 1 and ran.err == "", name

    def test_interrupted(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        from flake8_celery import run

        def interrupt(*arguments: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(run, "analyse", interrupt)
        assert place.check().code == 130


def test_main_takes_its_arguments_from_the_process(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["flake8-celery", "version"])
    assert main() == 0


def test_the_checkout_is_the_one_under_test() -> None:
    assert Path(main.__code__.co_filename).is_relative_to(ROOT)


def test_help_without_a_command(place: Place) -> None:
    ran = place.run("help")
    assert ran == place.run("--help") and ran.code == 0
    nothing = place.run()
    assert (nothing.code, nothing.out, nothing.err) == (2, "", ran.out)


def test_flags_of_check_may_stand_before_it(place: Place) -> None:
    place.write(a=TEXT)
    place.put({"flake8-celery.toml": "x = 1\n"})
    flags = ("-q", "--isolated", "--output-format", "concise")
    assert place.run(*flags, "check", "--no-cache") == place.check(*flags)
    assert place.run("--version", "check").code == 0
