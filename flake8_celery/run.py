"""From files to findings: discover, collect, join, judge, silence, sort.

Both faces call `analyse`.  It reads every file of the project that speaks of Celery, also when
findings are wanted for one file only, since what one file means depends on the others.

    files -> source -> facts -> project -> rules -> findings
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from . import files
from .cache import YOUNG_NS, Cache, NoCache
from .config import Config, celery_span
from .extract import SUPPRESSES
from .facts import Module, broken_module, module_from_json
from .project import Project
from .project.versions import celery_range
from .rule import STABLE, Finding, Rule, Undecided, Where
from .selection import Everywhere
from .source import Source, SourceError

if TYPE_CHECKING:
    from .suppress import Suppressions

Warn = Callable[[str], None]

# Two processes pay for themselves only above this much source that speaks of Celery.
PARALLEL_BYTES = 1_500_000
# The rows that stand for "cannot be read" and for a failure of our own.
UNREADABLE = 0
INTERNAL = -1


class Problem(NamedTuple):
    """Why a file cannot be analysed: `code` is "invalid-syntax" or "E902" (not readable)."""

    path: str
    row: int
    column: int
    code: str
    message: str


class Analysis(NamedTuple):
    """What came out: findings sorted by place, problems of files, and the rest of the story.

    Paths are relative to `root`, with forward slashes; `files` are the Python files that findings
    were asked for.  `undecided` counts, for each rule, the
    subjects of which it could not tell.  `warnings` are for standard error."""

    root: str
    files: int
    findings: list[Finding]
    silenced: int
    problems: list[Problem]
    undecided: dict[str, int]
    warnings: list[str]


class Request(NamedTuple):
    """What to analyse.

    `root` is the project's folder; `wanted` says for which paths (relative to it) findings are
    asked, None: for all.  `overlay` holds the texts that win over the disk.  `extra_paths` are
    files and folders that are read although they may be excluded or have another suffix; with
    `parse_extra` such a file is parsed even if it does not speak of Celery, for its errors.

    `celery` is the range of Celery releases that the configuration names; None: the project's
    files say it.

    With `ignore_suppressions` comments silence nothing and are not judged; without `silence`
    they are judged only.  `progress` hears how many of how many files have been parsed."""

    root: str
    wanted: Callable[[str], bool] | None = None
    overlay: files.Overlay | None = None
    exclude: tuple[str, ...] = files.DEFAULT_EXCLUDES
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    extra_paths: tuple[str, ...] = ()
    parse_extra: bool = False
    cache_dir: str | None = None
    celery: Any = None
    options: Mapping[str, Any] = {}
    processes: int = 1
    ignore_suppressions: bool = False
    silence: bool = True
    progress: Callable[[int, int], None] | None = None


def request_for(root: str, settings: Config) -> Request:
    """What the configuration says of the analysis of a project.  Raises ConfigError."""
    patterns = settings.patterns("exclude")
    src = settings.folder_of("src")
    options = {name: settings.get(name) for name in ("task-decorators", "extra-settings")}
    if src is not None:
        folders = [os.path.normpath(os.path.join(src, name)) for name in settings.get("src")]
        options["src"] = [relative(folder, root) for folder in folders]
    cache = os.path.expanduser(settings.get("cache-dir"))
    return Request(
        root,
        exclude=files.DEFAULT_EXCLUDES if patterns is None else patterns,
        extend_exclude=settings.patterns("extend-exclude") or (),
        respect_gitignore=settings.get("respect-gitignore"),
        cache_dir=os.path.join(settings.folder_of("cache-dir") or root, cache),
        celery=celery_span(settings.get("target-celery")),
        options=options,
    )


class Collected(NamedTuple):
    """The facts of the files that speak of Celery, and how to get those of the others."""

    facts: dict[str, Module]
    python_files: list[str]
    load: Callable[[str], Module | None]
    read: Callable[[str], bytes]


def analyse(request: Request, rules: Iterable[Rule] | Everywhere) -> Analysis:
    """Judges a project by `rules`.  Never raises for anything that a Python file holds; raises
    SelectorError and ConfigError for a configuration below the root."""
    policy = rules if isinstance(rules, Everywhere) else Everywhere(rules)
    warnings: list[str] = []
    cache = Cache.open(request.cache_dir, request.root) if request.cache_dir else NoCache()
    discovered = discover(request, cache.verdicts, warnings.append)
    chosen = policy.choose(discovered[1])
    if request.celery is None:
        known_range = celery_range(request.root, cache, request.overlay)
        request = request._replace(celery=known_range.span)
    key = result_key(request, policy, discovered[0])
    if key is not None and (known := recalled(request.root, cache.result(key))) is not None:
        cache.save()
        return known
    collected = collect(request, cache, warnings.append, discovered)
    project = Project(
        collected.facts,
        collected.python_files,
        collected.load,
        collected.read,
        celery=request.celery,
        options=request.options,
    )
    unknown: set[tuple[str, str]] = set()
    judged, undecided = judge(project, chosen, request.wanted, warnings.append, unknown)
    findings = [policy.settled(f) for f in judged if policy.runs(f.path, f.code)]
    modules = dict(collected.facts)
    if request.parse_extra:
        for path in [relative(path, request.root) for path in request.extra_paths]:
            module = project.module_at(path) if path in collected.python_files else None
            if module is not None:
                modules[path] = module.facts
    kept = findings
    if not request.ignore_suppressions:
        # Where another tool silences, its grammar counts.
        complain = warnings.append if request.silence else (lambda message: None)
        comments = Comments(collected.read, complain)
        idle = judge_suppressions(project, chosen, findings, comments, request, policy, unknown)
        found = [policy.settled(f) for f in idle if policy.runs(f.path, f.code)]
        findings = sorted([*findings, *found], key=_order)
        kept = [f for f in findings if not comments.silence(f)] if request.silence else findings
    problems = []
    for path, facts in sorted(modules.items()):
        if facts.problem and facts.problem[1] == INTERNAL:
            warnings.append(f"{path} cannot be analysed: {facts.problem[0]}")
        elif facts.problem and (request.wanted is None or request.wanted(path)):
            problems.append(Problem(path, *_problem(facts)))
    analysis = Analysis(
        request.root,
        sum(request.wanted is None or request.wanted(path) for path in collected.python_files),
        kept,
        len(findings) - len(kept),
        problems,
        undecided,
        warnings,
    )
    if key is not None:
        cache.put_result(key, [analysis[1:]])
    cache.save()
    return analysis


def result_key(request: Request, policy: Everywhere, entries: list[files.FileEntry]) -> str | None:
    """What two runs have in common that must come to the same; None where that is not known: for
    a part of a project, for texts in place of files, and while a file is so young that it may
    change again within the resolution of its time."""
    written = policy.key()
    if request.cache_dir is None or request.overlay is not None or written is None:
        return None
    if request.wanted is not None or request.extra_paths:
        return None
    import time
    from hashlib import blake2b

    if any(entry.mtime_ns > time.time_ns() - YOUNG_NS for entry in entries):
        return None
    same = (request._replace(processes=0, progress=None), written, entries)
    return blake2b(repr(same).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def recalled(root: str, result: Any) -> Analysis | None:
    """The analysis that a cache has kept; None where it holds none, or something else."""
    try:
        ((count, findings, silenced, problems, undecided, warnings),) = result
        return Analysis(
            root,
            count,
            [_recalled_finding(*finding) for finding in findings],
            silenced,
            [Problem(*problem) for problem in problems],
            dict(undecided),
            list(warnings),
        )
    except (TypeError, ValueError):
        return None


def _recalled_finding(
    path: str,
    span: Any,
    code: str,
    name: str,
    message: str,
    related: Any,
    fix: Any,
    applicability: str | None,
) -> Finding:
    row, column, end_row, end_column = span
    evidence = tuple((place, tuple(where), text) for place, where, text in related)
    place = (row, column, end_row, end_column)
    return Finding(path, place, code, name, message, evidence, tupled(fix), applicability)


def _problem(module: Module) -> tuple[int, int, str, str]:
    assert module.problem is not None
    message, row, column = module.problem
    code = "E902" if row == UNREADABLE else "invalid-syntax"
    return (max(row, 1), column, code, message)


def discover(
    request: Request, verdicts: dict[str, Any], warn: Warn
) -> tuple[list[files.FileEntry], list[str]]:
    """The Python files of the project and those that are named besides, and the folders that
    hold a configuration file."""
    configured: list[str] = []
    walk = partial(
        files.walk,
        exclude=request.exclude,
        # Our own cache, which appears between the first run and the second.
        extend_exclude=(*request.extend_exclude, *filter(None, [request.cache_dir])),
        respect_gitignore=request.respect_gitignore,
        warn=warn,
        verdicts=verdicts,
    )
    entries = list(walk(request.root, configured=configured))
    known = {entry.path for entry in entries}
    for path in map(os.path.abspath, request.extra_paths):
        if os.path.isdir(path):
            # An excluded folder that is named is read all the same.
            if not any(one.startswith(path.rstrip(os.sep) + os.sep) for one in known):
                entries += walk(path)
        elif path not in known:
            entries.append(_entry(path))
        known.add(path)
    return entries, configured


def collect(
    request: Request,
    cache: Cache | NoCache,
    warn: Warn,
    discovered: tuple[list[files.FileEntry], list[str]] | None = None,
) -> Collected:
    """The facts of the project's files that speak of Celery; `discovered` is what `discover`
    has found, where that is known already."""
    root, overlay = request.root, request.overlay
    entries, _ = discovered or discover(request, cache.verdicts, warn)
    python_files: list[str] = []
    facts: dict[str, Module] = {}
    fresh: list[tuple[str, files.FileEntry, bytes]] = []
    for entry in entries:
        path = relative(entry.path, root)
        python_files.append(path)
        text = overlay.get(entry.path) if overlay is not None else None
        if isinstance(text, str):
            # Decoded already: the coding comment, if any, is not about these bytes.
            if files.looks_relevant(text.encode("utf-8", "surrogatepass")):
                facts[path] = _extract(path, text)
            continue
        over = text is not None
        if not over:
            hit, module = cache.get(path, entry)
            if hit:
                if module is not None:
                    facts[path] = module
                continue
        try:
            data = files.read(entry.path, overlay)
        except OSError as error:
            reason = error.strerror or str(error)
            facts[path] = broken_module(reason, UNREADABLE, 1)
            continue
        if not over:
            hit, module = cache.get_by_content(path, entry, data)
            if hit:
                if module is not None:
                    facts[path] = module
                continue
        if files.looks_relevant(data):
            fresh.append((path, entry, data))
        elif not over:
            cache.put(path, entry, data, None)
    modules = _extract_all(fresh, request.processes, request.progress)
    for (path, entry, data), module in zip(fresh, modules, strict=True):
        facts[path] = module
        if overlay is None or overlay.get(entry.path) is None:
            cache.put(path, entry, data, module)

    def read(path: str) -> bytes:
        return files.read(os.path.join(root, path), overlay)

    def load(path: str) -> Module | None:
        known_module = cache.get_loaded(path)
        if known_module is not None:
            return known_module
        try:
            data = read(path)
        except OSError as error:
            return broken_module(error.strerror or str(error), UNREADABLE, 1)
        module = _extract(path, data)
        if overlay is None or overlay.get(os.path.join(root, path)) is None:
            cache.put_loaded(path, module)
        return module

    return Collected(facts, python_files, load, read)


def _entry(path: str) -> files.FileEntry:
    try:
        stat = os.stat(path)
    except OSError:
        return files.FileEntry(path, 0, 0)
    return files.FileEntry(path, stat.st_mtime_ns, stat.st_size)


def relative(path: str, root: str) -> str:
    """A path as findings show it: relative to the root, with forward slashes."""
    shown = (
        path[len(root) :].lstrip(os.sep)
        if path.startswith(root.rstrip(os.sep) + os.sep)
        else (os.path.relpath(path, root))
    )
    return shown.replace(os.sep, "/")


def _extract(path: str, data: bytes | str) -> Module:
    from .extract import extract
    from .rule import load_rules

    load_rules()
    try:
        if isinstance(data, str):
            return extract(Source.from_text(data, path))
        return extract(Source.decode(data, path))
    except SourceError as error:
        row = UNREADABLE if error.kind == "encoding" else error.row
        return broken_module(error.message, row, error.column)
    except Exception as error:
        return broken_module(_failure(error), INTERNAL, 1)


def _extract_all(
    fresh: list[tuple[str, files.FileEntry, bytes]],
    processes: int,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Module]:
    if processes > 1 and sum(len(data) for _, _, data in fresh) > PARALLEL_BYTES:
        from .parallel import in_processes

        parent, done = os.getpid(), 0

        def extract_and_tell(one: tuple[str, files.FileEntry, bytes]) -> Any:
            nonlocal done
            answer = _extract_fresh(one)
            if progress is not None and os.getpid() == parent:
                # The others are about as far.
                done = min(done + processes, len(fresh))
                progress(done, len(fresh))
            return answer

        for module in in_processes(fresh, _size, extract_and_tell, processes):
            yield module if isinstance(module, Module) else module_from_json(module)
        return
    for done, (path, _, data) in enumerate(fresh, start=1):
        yield _extract(path, data)
        if progress is not None:
            progress(done, len(fresh))


def _size(fresh: tuple[str, files.FileEntry, bytes]) -> int:
    return len(fresh[2])


def _extract_fresh(fresh: tuple[str, files.FileEntry, bytes]) -> Module:
    return _extract(fresh[0], fresh[2])


def judge(
    project: Project,
    rules: Iterable[Rule],
    wanted: Callable[[str], bool] | None,
    warn: Warn,
    unknown: set[tuple[str, str]] | None = None,
) -> tuple[list[Finding], dict[str, int]]:
    """Asks every rule about every subject of its kind.

    Gives the findings, sorted and without repetitions, and the undecided count of each rule.
    `unknown` collects (code, path) where a rule was undecided or failed."""
    unknown = set() if unknown is None else unknown
    by_subject: dict[Any, list[Rule]] = {}
    for rule in rules:
        by_subject.setdefault(rule.subject, []).append(rule)
    findings: dict[tuple[Any, ...], Finding] = {}
    undecided: dict[str, int] = {}
    for kind, asked in by_subject.items():
        try:
            subjects = project.all(kind) if isinstance(kind, type) else project.seen(kind)
        except Exception as error:
            codes = ", ".join(rule.code for rule in asked)
            warn(f"{codes}: cannot be judged: {_failure(error)}")
            unknown.update((rule.code, module.path) for rule in asked for module in project.modules)
            continue
        for subject in subjects:
            if wanted is not None and not wanted(subject.module.path):
                continue
            for rule in asked:
                try:
                    for answer in rule(subject, project):
                        if answer.where.module is subject.module:
                            finding = _finding(rule, answer)
                            findings.setdefault(_order(finding), finding)
                except Undecided:
                    undecided[rule.code] = undecided.get(rule.code, 0) + 1
                    unknown.add((rule.code, subject.module.path))
                except Exception as error:
                    unknown.add((rule.code, subject.module.path))
                    place = Where(subject.module, subject.span).shown
                    warn(f"{rule.code}: cannot judge {place}: {_failure(error)}")
    return [findings[key] for key in sorted(findings)], undecided


def _failure(error: Exception) -> str:
    """A failure of our own, in one line; with its traceback when a developer asks."""
    if os.environ.get("FLAKE8_CELERY_RAISE"):
        raise error
    return f"internal error: {type(error).__name__}: {error}"


def _finding(rule: Rule, answer: Any) -> Finding:
    row, column, end_row, end_column = answer.where.span
    return Finding(
        answer.where.module.path,
        (row, column, end_row, end_column),
        rule.code,
        rule.name,
        rule.message(answer),
        tuple((r.where.module.path, tuple(r.where.span), r.message) for r in answer.related),
        tupled(answer.fix),
    )


def tupled(data: Any) -> Any:
    """Plain data with tuples for lists, so that it is the same fresh and from a cache."""
    if isinstance(data, (list, tuple)):
        return tuple(tupled(item) for item in data)
    if isinstance(data, dict):
        return {key: tupled(item) for key, item in data.items()}
    return data


def _order(finding: Finding) -> tuple[Any, ...]:
    return (finding.path, finding.span[0], finding.span[1], finding.code, finding.message)


class Comments:
    """The suppression comments of a project's files, by ruff's rules, each file read once.

    Malformed ones are told to `warn`."""

    __slots__ = ("_by_path", "_may_silence", "_read", "_warn")

    def __init__(self, read: Callable[[str], bytes], warn: Warn) -> None:
        self._read = read
        self._warn = warn
        self._by_path: dict[str, Suppressions] = {}
        self._may_silence: dict[str, bool] = {}

    def silence(self, finding: Finding) -> bool:
        """Whether a comment silences a finding."""
        path = finding.path
        if path not in self._may_silence:
            try:
                self._may_silence[path] = may_silence(self._read(path).decode("utf-8", "replace"))
            except OSError:
                self._may_silence[path] = False
        return self._may_silence[path] and self.of(finding.path).silences(
            finding.code, finding.name, finding.span
        )

    def of(self, path: str) -> Suppressions:
        """The comments of the file at a path relative to the root; none where it is no text."""
        if path not in self._by_path:
            from .suppress import Suppressions

            try:
                source = Source.decode(self._read(path), path)
            except (OSError, SourceError):
                source = Source.from_text("", path)
            known = self._by_path[path] = Suppressions.of(source)
            for _, message in known.warnings:
                self._warn(message.replace("{path}", path))
        return self._by_path[path]


def may_silence(text: str) -> bool:
    """Whether a file may hold a comment that silences rules of ours: cheap, and True in doubt.

    `# noqa: E501` on every other line does not, and finding the comments takes a tokenizer."""
    lowered = text.lower()
    if "ruff" in lowered or "flake8" in lowered:
        return True
    at = lowered.find("noqa")
    while at >= 0:
        end = text.find("\n", at)
        rest = text[at + 4 : end if end >= 0 else len(text)]
        code = rest[1:].lstrip(" ")
        number = code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        coded = rest[:1] == ":" and number != code and number[:1].isdigit()
        if not coded or "CEL" in rest or "celery-" in rest:
            return True
        at = lowered.find("noqa", at + 4)
    return False


def judge_suppressions(
    project: Project,
    rules: Iterable[Rule],
    findings: Iterable[Finding],
    comments: Comments,
    request: Request,
    policy: Everywhere,
    unknown: set[tuple[str, str]],
) -> list[Finding]:
    """Asks the rules about suppressions, once it is known what there is to be silenced."""
    from .rules.suppressions import Suppression

    known = {rule.code: rule for rule in rules}
    asked = [rule for rule in known.values() if rule.subject is Suppression]
    if not asked:
        return []
    judged = {c: r for c, r in known.items() if r.status == STABLE and r not in asked}
    codes = {r.name: c for c, r in judged.items()} | {c: c for c in judged}
    by_path: dict[str, list[tuple[str, str, Any]]] = {}
    for f in findings:
        by_path.setdefault(f.path, []).append((f.code, f.name, f.span))
    found = []
    for module in project.modules:
        path = module.path
        wanted = request.wanted is None or request.wanted(path)
        if not wanted or SUPPRESSES not in module.facts.observations:
            continue

        def code_of(written: str, path: str = path) -> str | None:
            code = codes.get(written)
            decided = code is not None and (code, path) not in unknown
            return code if decided and policy.runs(path, str(code)) else None

        for directive, idle in comments.of(path).idle(by_path.get(path, []), code_of):
            subject = Suppression(module, directive, idle)
            found += [_finding(rule, answer) for rule in asked for answer in rule(subject, project)]
    return found
