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
from .cache import IDLE, SPEAKS, Cache, Known, NoCache
from .config import FOR_ANALYSIS, Config, celery_span
from .extract import SUPPRESSES, may_suppress
from .facts import Module, broken_module, module_from_json
from .project import Project
from .project.versions import celery_range
from .rule import STABLE, Finding, Rule, Undecided, Where
from .selection import Everywhere
from .source import Source, SourceError

if TYPE_CHECKING:
    from .suppress import Suppressions

Warn = Callable[[str], None]

# Two processes pay for themselves only above this much source to be looked at.
PARALLEL_BYTES = 4_000_000
# The rows that stand for "cannot be read" and for a failure of our own.
UNREADABLE = 0
INTERNAL = -1
# What a warning about one says.
FAILURE = "internal error"


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
    options = {name: settings.get(name) for name in FOR_ANALYSIS}
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
    deployment: list[str]


def analyse(request: Request, rules: Iterable[Rule] | Everywhere) -> Analysis:
    """Judges a project by `rules`.  Never raises for anything that a Python file holds; raises
    SelectorError and ConfigError for a configuration below the root."""
    policy = rules if isinstance(rules, Everywhere) else Everywhere(rules)
    warnings: list[str] = []
    cache = Cache.open(request.cache_dir, request.root) if request.cache_dir else NoCache()
    discovered = discover(request, cache.verdicts, warnings.append)
    chosen = policy.choose(discovered.configured)
    if request.celery is None:
        known_range = celery_range(request.root, cache, request.overlay)
        request = request._replace(celery=known_range.span)
    seen = look(request, cache, discovered)
    key = result_key(request, policy)
    if key is not None and (known := recalled(request.root, cache.result(key))) is not None:
        cache.save()
        return known
    collected = collect(request, cache, seen)
    project = Project(
        collected.facts,
        collected.python_files,
        collected.load,
        collected.read,
        celery=request.celery,
        options=request.options,
        deployment_files=collected.deployment,
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


def result_key(request: Request, policy: Everywhere) -> str | None:
    """What two runs over the same files have in common that must come to the same; None for a
    part of a project and for texts in place of files, which are not kept."""
    written = policy.key()
    if request.cache_dir is None or request.overlay is not None or written is None:
        return None
    if request.wanted is not None or request.extra_paths:
        return None
    from hashlib import blake2b

    same = (request._replace(processes=0, progress=None), written)
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


class Discovered(NamedTuple):
    """The Python files of a project and those that are named besides, the folders that hold a
    configuration file, and the files that may say how the project is run."""

    python: list[files.FileEntry]
    configured: list[str]
    deployment: list[files.FileEntry]


def discover(request: Request, verdicts: dict[str, Any], warn: Warn) -> Discovered:
    """Walks the project."""
    configured: list[str] = []
    deployment: list[files.FileEntry] = []
    walk = partial(
        files.walk,
        exclude=request.exclude,
        # Our own cache, which appears between the first run and the second.
        extend_exclude=(*request.extend_exclude, *filter(None, [request.cache_dir])),
        respect_gitignore=request.respect_gitignore,
        warn=warn,
        verdicts=verdicts,
    )
    entries = list(walk(request.root, configured=configured, deployment=deployment))
    known = {entry.path for entry in entries}
    for path in map(os.path.abspath, request.extra_paths):
        if os.path.isdir(path):
            # An excluded folder that is named is read all the same.
            if not any(one.startswith(path.rstrip(os.sep) + os.sep) for one in known):
                entries += walk(path)
        elif path not in known:
            entries.append(_entry(path))
        known.add(path)
    return Discovered(entries, configured, deployment)


class Seen(NamedTuple):
    """The Python files of a project, and those that speak of Celery: with their facts, where
    they had to be made, or by the hash of their contents; and the deployment files that do."""

    python_files: list[str]
    fresh: dict[str, Module]
    known: dict[str, str]
    deployment: list[str]


def look(request: Request, cache: Cache | NoCache, discovered: Discovered) -> Seen:
    """Finds out which files hold what they did at the last run, and makes the facts of those that
    do not."""
    root, overlay = request.root, request.overlay
    deployment = [(relative(entry.path, root), entry) for entry in discovered.deployment]
    speaking = [path for path, entry in deployment if _speaks_of_celery(path, entry, cache)]
    seen = Seen([], {}, {}, speaking)
    unknown: list[tuple[str, files.FileEntry]] = []
    for entry in discovered.python:
        path = relative(entry.path, root)
        seen.python_files.append(path)
        text = overlay.get(entry.path) if overlay is not None else None
        known = cache.known(path)
        if text is not None:
            # A text is decoded already: the coding comment, if any, is not about these bytes.
            data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            if files.looks_relevant(data):
                seen.fresh[path] = _extract(path, text)
            if known is not None:
                cache.keep(path, known)
        elif known is not None and known[:2] == (entry.mtime_ns, entry.size):
            cache.keep(path, known)
            if known.weight == SPEAKS:
                seen.known[path] = known.digest
        else:
            unknown.append((path, entry))
    examined = _examine_all(unknown, cache, request.processes, request.progress)
    for (path, entry), (digest, speaks, module) in zip(unknown, examined, strict=True):
        if module is not None:
            seen.fresh[path] = module
        elif speaks:
            seen.known[path] = digest
        if digest:
            weight = SPEAKS if speaks else IDLE
            cache.keep(path, Known(entry.mtime_ns, entry.size, digest, weight))
            if module is not None:
                cache.put(digest, module)
    return seen


def collect(request: Request, cache: Cache | NoCache, seen: Seen) -> Collected:
    """The facts of the project's files that speak of Celery, and the way to the others."""
    root, overlay = request.root, request.overlay

    def read(path: str) -> bytes:
        cache.asked(path)
        return files.read(os.path.join(root, path), overlay)

    def load(path: str) -> Module | None:
        absolute = os.path.join(root, path)
        over = overlay is not None and overlay.get(absolute) is not None
        known = None if over else cache.kept(path)
        module = cache.facts(known.digest) if known is not None else None
        if module is None:
            try:
                data = read(path)
            except OSError as error:
                return broken_module(error.strerror or str(error), UNREADABLE, 1)
            module = _extract(path, data)
            if known is not None and cache.digest(data) == known.digest:
                cache.put(known.digest, module)
        cache.asked(path)
        return module

    facts = dict(seen.fresh)
    for path in seen.known:
        module = load(path)
        if module is not None:
            facts[path] = module
    return Collected(facts, seen.python_files, load, read, seen.deployment)


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


def _speaks_of_celery(path: str, entry: files.FileEntry, cache: Cache | NoCache) -> bool:
    """Whether a file that is not Python names Celery; the cache knows it as it knows others."""
    known = cache.known(path)
    if known is None or known[:2] != (entry.mtime_ns, entry.size):
        try:
            data = files.read(entry.path)
        except OSError:
            return False
        weight = SPEAKS if b"celery" in data or b"CELERY" in data else IDLE
        known = Known(entry.mtime_ns, entry.size, cache.digest(data), weight)
    cache.keep(path, known)
    return known.weight == SPEAKS


class Examined(NamedTuple):
    """What a look at a file has shown: the hash of its contents ("": it cannot be read), whether
    it speaks of Celery, and its facts, unless they are known."""

    digest: str
    speaks: bool
    facts: Module | None


def _examine(path: str, entry: files.FileEntry, cache: Cache | NoCache) -> Examined:
    try:
        data = files.read(entry.path)
    except OSError as error:
        return Examined("", True, broken_module(error.strerror or str(error), UNREADABLE, 1))
    digest = cache.digest(data)
    known = cache.known(path)
    if known is not None and known.digest == digest:
        return Examined(digest, known.weight == SPEAKS, None)
    speaks = files.looks_relevant(data)
    return Examined(digest, speaks, _extract(path, data) if speaks else None)


def _examine_all(
    unknown: list[tuple[str, files.FileEntry]],
    cache: Cache | NoCache,
    processes: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Examined]:
    parallel = processes > 1 and sum(entry.size for _, entry in unknown) > PARALLEL_BYTES
    parent, done = os.getpid(), 0

    def examine(one: tuple[str, files.FileEntry]) -> Examined:
        nonlocal done
        answer = _examine(*one, cache)
        if progress is not None and os.getpid() == parent:
            # The others are about as far.
            done = min(done + (processes if parallel else 1), len(unknown))
            progress(done, len(unknown))
        return answer

    if not parallel:
        yield from map(examine, unknown)
        return
    from .parallel import in_processes
    from .rule import load_rules

    # What every process needs.
    load_rules()
    for digest, speaks, module in in_processes(unknown, _size, examine, processes):
        made = module is None or isinstance(module, Module)
        yield Examined(digest, speaks, module if made else module_from_json(module))


def _size(one: tuple[str, files.FileEntry]) -> int:
    return one[1].size


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
    return f"{FAILURE}: {type(error).__name__}: {error}"


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
                self._may_silence[path] = may_suppress(self._read(path).decode("utf-8", "replace"))
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
