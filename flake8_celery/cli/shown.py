"""`check --show-files` and `check --show-settings`: what a run would look at, and how."""

from __future__ import annotations

import argparse
import os
from typing import Any

from .. import run
from ..cache import NoCache
from ..celery_versions import span_text
from ..config import ON_THE_COMMAND_LINE
from ..project.versions import celery_range
from ..rule import SAFE, UNSAFE, load_rules
from ..selection import FileRules
from . import UsageError
from .check import Group, absolute_paths, groups, policy_of, request_of
from .flags import Configs


def _wanted(group: Group, arguments: argparse.Namespace) -> list[str]:
    request = request_of(group, arguments, None)
    entries = run.discover(request, {}, lambda message: None).python
    named = {os.path.normpath(path) for path in group.paths}
    return [
        entry.path
        for entry in entries
        if (
            entry.path in named
            or request.wanted is None
            or request.wanted(run.relative(entry.path, group.root))
        )
        and os.path.isfile(entry.path)
    ]


def files(arguments: argparse.Namespace, configs: Configs) -> int:
    """Prints the absolute paths of the files that would be linted."""
    known = groups(absolute_paths(arguments), configs)
    for path in sorted({path for group in known for path in _wanted(group, arguments)}):
        print(path)
    return 0


def settings(arguments: argparse.Namespace, configs: Configs) -> int:
    """Prints the settings for the first of these files, in ruff's layout."""
    for group in groups(absolute_paths(arguments), configs):
        for path in sorted(_wanted(group, arguments))[:1]:
            print("\n".join(_lines(group, path, arguments, configs)))
            return 0
    raise UsageError("No files found under the given path")


def _lines(group: Group, path: str, arguments: argparse.Namespace, configs: Configs) -> list[str]:
    rules = load_rules()
    request = request_of(group, arguments, None)
    folder = os.path.dirname(path)
    known = group.settings
    while folder.startswith(group.root) and folder != group.root:
        closer = configs.at(folder)
        if closer is not None:
            known = closer
            break
        folder = os.path.dirname(folder)
    policy_of(rules, group, configs)
    chosen = FileRules(known, rules)
    file = next((c.path for c in reversed(known.layers()) if c.path != ON_THE_COMMAND_LINE), None)
    target = known.get("target-celery") or span_text(celery_range(group.root, NoCache()).span)
    unsafe = {None: "hint", True: "enabled", False: "disabled"}[known.get("unsafe-fixes")]

    def named(codes: Any) -> list[str]:
        return [f"{rule.name} ({code})" for code, rule in rules.items() if code in codes]

    def quoted(texts: Any) -> list[str]:
        return [f'"{text}"' for text in texts]

    shown: list[tuple[str, Any]] = [
        ("# General Settings", None),
        ("cache_dir", f'"{request.cache_dir}"' if request.cache_dir else "none"),
        ("fix", known.get("fix")),
        ("fix_only", known.get("fix-only")),
        ("output_format", known.get("output-format")),
        ("show_fixes", known.get("show-fixes")),
        ("unsafe_fixes", unsafe),
        ("", None),
        ("# File Resolver Settings", None),
        ("file_resolver.exclude", quoted(request.exclude)),
        ("file_resolver.extend_exclude", quoted(request.extend_exclude)),
        ("file_resolver.force_exclude", known.get("force-exclude")),
        ("file_resolver.include", quoted(["*.py", "*.pyi"])),
        ("file_resolver.respect_gitignore", request.respect_gitignore),
        ("file_resolver.project_root", f'"{group.root}"'),
        ("", None),
        ("# Linter Settings", None),
        ("linter.project_root", f'"{group.root}"'),
        ("linter.rules.enabled", named(chosen.codes)),
        ("linter.rules.should_fix", named(chosen.codes & chosen.fixable)),
        (
            "linter.per_file_ignores",
            [f'"{i.pattern}" = [{", ".join(i.selectors)}]' for i in known.ignores()],
        ),
        (
            "linter.safety_table.forced_safe",
            named([code for code, safety in chosen.safety.items() if safety == SAFE]),
        ),
        (
            "linter.safety_table.forced_unsafe",
            named([code for code, safety in chosen.safety.items() if safety == UNSAFE]),
        ),
        ("linter.preview", "enabled" if known.get("preview") else "disabled"),
        ("linter.src", quoted(known.get("src"))),
        ("", None),
        ("# Celery Settings", None),
        ("celery.target_celery", f'"{target}"'),
        ("celery.task_decorators", quoted(known.get("task-decorators"))),
        ("celery.extra_settings", quoted(known.get("extra-settings"))),
        ("celery.late_ack_tasks", quoted(known.get("late-ack-tasks"))),
        ("celery.beat_stampede", str(known.get("beat-stampede"))),
    ]
    lines = [f'Resolved settings for: "{path}"']
    if file is not None:
        lines.append(f'Settings path: "{file}"')
    lines.append("")
    for name, value in shown:
        if value is None:
            lines.append(name)
        elif isinstance(value, list):
            items = [f"\t{item}," for item in value]
            lines += [f"{name} = [", *items, "]"] if items else [f"{name} = []"]
        else:
            lines.append(f"{name} = {str(value).lower() if isinstance(value, bool) else value}")
    return [*lines, ""]
