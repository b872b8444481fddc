"""Edits that several fixes make: an import added, a keyword argument taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import Span
from ..rule import Edit

if TYPE_CHECKING:
    import ast

    from ..source import Source


def imported_name(source: Source, module: str, name: str) -> tuple[str | None, list[Edit]]:
    """How a file calls `module.name`, and the edits that import it where it does not yet.

    The name is None where the file uses `name` for something else."""
    import ast

    tree = source.parse()
    imports = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    for statement in imports:
        if isinstance(statement, ast.ImportFrom) and _module_of(statement) == module:
            for alias in statement.names:
                if alias.name == name:
                    return alias.asname or name, []
    if _binds(source, name):
        return None, []
    for statement in imports:
        if isinstance(statement, ast.ImportFrom) and _module_of(statement) == module:
            if statement.names[0].name == "*" or _in_parentheses(source, statement):
                continue
            return name, [_into(source, statement, name)]
    return name, [_new_line(source, tree, imports, f"from {module} import {name}", module)]


def imported_module(source: Source, module: str) -> list[Edit] | None:
    """The edits that make `package.module` usable under its full name; None where the file uses
    the package's name for something else."""
    import ast

    tree = source.parse()
    package = module.partition(".")[0]
    imports = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    plain = [alias for i in imports if isinstance(i, ast.Import) for alias in i.names]
    if any(alias.name == module and not alias.asname for alias in plain):
        return []
    known = any(a.name.partition(".")[0] == package and not a.asname for a in plain)
    if not known and _binds(source, package):
        return None
    return [_new_line(source, tree, imports, f"import {module}", module)]


def _module_of(statement: ast.ImportFrom) -> str | None:
    return None if statement.level else statement.module


def _binds(source: Source, name: str) -> bool:
    """Whether anything in a file gives `name` a meaning of its own."""
    import ast

    for node in source.nodes():
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.alias) and (node.asname or node.name.partition(".")[0]) == name:
            return True
        if isinstance(node, ast.arg) and node.arg == name:
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name == name:
                return True
    return False


def _in_parentheses(source: Source, statement: ast.ImportFrom) -> bool:
    row, column, end_row, end_column = source.span(statement)
    text = source.text[source.offset(row, column) : source.offset(end_row, end_column)]
    return "(" in text or "\\" in text


def _into(source: Source, statement: ast.ImportFrom, name: str) -> Edit:
    """`name` among the names of a one-line import, in their order if they are in order."""
    for alias in statement.names:
        if alias.name > name:
            row, column, _, _ = source.span(alias)
            return Edit((row, column, row, column), f"{name}, ")
    _, _, row, column = source.span(statement.names[-1])
    return Edit((row, column, row, column), f", {name}")


def _new_line(
    source: Source,
    tree: ast.Module,
    imports: list[ast.Import | ast.ImportFrom],
    line: str,
    module: str,
) -> Edit:
    """The import on a line of its own: in the group of its package if there is one, in the order
    of names; a module of Python's own before all others; else behind the last import."""
    import ast

    package = line.split()[1].partition(".")[0]
    group = [i for i in imports if _package_of(i) == package]
    usual = [i for i in imports if _package_of(i) != "__future__"]
    before: ast.stmt | None = None
    gap = ""
    if group:
        later = [i for i in group if _order(i) > (not line.startswith("import"), module)]
        before = later[0] if later else None
    elif usual and package in STANDARD:
        own = [i for i in usual if _package_of(i) in STANDARD]
        later = [i for i in own if _order(i) > (not line.startswith("import"), module)]
        before = later[0] if later else None if own else usual[0]
        gap = "" if own else "\n"
        group = own
    if before is not None:
        row = source.span(before)[0]
        return Edit((row, 1, row, 1), f"{line}\n{gap}")
    after: ast.stmt | None = next(iter([*group, *(usual if not group else [])][::-1]), None)
    if after is None:
        gap = "\n"
        after = imports[-1] if imports else None
        if after is None and ast.get_docstring(tree, clean=False) is not None:
            after = tree.body[0]
        if after is None:
            return Edit((1, 1, 1, 1), f"{line}\n\n")
    row = source.span(after)[2] + 1
    return Edit((row, 1, row, 1), f"{gap}{line}\n")


def _order(statement: ast.Import | ast.ImportFrom) -> tuple[bool, str]:
    """isort's order: `import x` before `from x import y`, then by name."""
    import ast

    if isinstance(statement, ast.Import):
        return (False, statement.names[0].name)
    return (True, statement.module or "")


STANDARD = frozenset(
    "collections contextlib copy csv datetime decimal enum functools hashlib io itertools json "
    "logging math operator os pathlib random re shutil socket string subprocess sys tempfile time "
    "traceback typing urllib uuid".split()
)


def _package_of(statement: ast.Import | ast.ImportFrom) -> str:
    import ast

    if isinstance(statement, ast.ImportFrom):
        return "" if statement.level else (statement.module or "").partition(".")[0]
    return statement.names[0].name.partition(".")[0]


def without_keyword(source: Source, place: Span, keyword: str) -> Edit | None:
    """Takes `keyword=...` and its comma out of the call at a place."""
    import ast

    call = call_at(source, place)
    if call is None:
        return None
    parts = sorted([*call.args, *call.keywords], key=lambda part: source.span(part)[:2])
    for number, part in enumerate(parts):
        if isinstance(part, ast.keyword) and part.arg == keyword:
            span = source.span(part)
            if number + 1 < len(parts):
                after = source.span(parts[number + 1])
                return Edit((span[0], span[1], after[0], after[1]), "")
            if number:
                before = source.span(parts[number - 1])
                return Edit((before[2], before[3], span[2], span[3]), "")
            return Edit(span, "")
    return None


def call_at(source: Source, place: Span) -> ast.Call | None:
    """The call that stands at exactly this place."""
    import ast

    for node in source.nodes():
        if isinstance(node, ast.Call) and node.lineno == place[0]:
            if tuple(source.span(node)) == tuple(place):
                return node
    return None


def text_at(source: Source, place: Span) -> str:
    """What is written at a place."""
    row, column, end_row, end_column = place
    return source.text[source.offset(row, column) : source.offset(end_row, end_column)]


def without_try(source: Source, node: ast.stmt) -> Edit | None:
    """What the body of a `try` does, without the `try` and its handlers; None where lines cannot
    be moved to the left: texts over several lines, or comments that would be lost."""
    import ast

    if not isinstance(node, ast.Try):
        return None
    row, column, end_row, end_column = source.span(node)
    first = source.span(node.body[0])
    handlers = source.span(node.handlers[0])[0]
    shift = first[1] - column
    if source.line(row).strip() != "try:" or shift <= 0:
        return None
    if any("#" in source.line(number) for number in range(handlers, end_row + 1)):
        return None
    for part in (part for statement in node.body for part in ast.walk(statement)):
        if isinstance(part, (ast.Constant, ast.JoinedStr)) and part.lineno != part.end_lineno:
            return None
    lines = [source.line(number) for number in range(row + 1, handlers)]
    if any(line.strip() and line[:shift].strip() for line in lines):
        return None
    text = "".join(line[shift:] if line.strip() else line for line in lines)
    return Edit((row, 1, end_row, end_column), text.rstrip("\r\n"))


def appended(source: Source, last: Span, whole: Span, addition: str) -> Edit:
    """One more item behind the last, in the way in which the others are laid out."""
    start, end = source.offset(*last), source.offset(*whole[2:]) - 1
    between = source.text[start:end]
    # A closing parenthesis of the last item's own stands before the comma.
    skipped = len(between) - len(between.lstrip(" )"))
    if "\n" in between and between.lstrip(" )").startswith(","):
        row = last[0]
        line = source.line(row)
        first = source.line(whole[0] + 1)
        indent = first[: len(first) - len(first.lstrip())] if row > whole[0] else line[:0]
        row_end = len(line.rstrip("\r\n")) + 1
        return Edit((row, row_end, row, row_end), f"\n{indent}{addition},")
    column = last[1] + skipped
    if between[skipped:].startswith(","):
        return Edit((last[0], column + 1, last[0], column + 1), f" {addition}")
    return Edit((last[0], column, last[0], column), f", {addition}")
