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
    if _binds(tree, name):
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
    if not known and _binds(tree, package):
        return None
    return [_new_line(source, tree, imports, f"import {module}", "")]


def _module_of(statement: ast.ImportFrom) -> str | None:
    return None if statement.level else statement.module


def _binds(tree: ast.Module, name: str) -> bool:
    """Whether anything in a file gives `name` a meaning of its own."""
    import ast

    for node in ast.walk(tree):
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
    """The import on a line of its own: behind the one that it follows in the order of names, in
    the group of its package if there is one, else behind the last import."""
    import ast

    package = module.partition(".")[0]
    group = [i for i in imports if _package_of(i) == package]
    after: ast.stmt | None = None
    for statement in group:
        name = statement.module if isinstance(statement, ast.ImportFrom) else None
        if after is None or (name or "") < module:
            after = statement
    if group and after is group[0]:
        first = group[0].module if isinstance(group[0], ast.ImportFrom) else ""
        if (first or "") > module:
            row = source.span(group[0])[0]
            return Edit((row, 1, row, 1), f"{line}\n")
    future = [i for i in imports if _package_of(i) == "__future__"]
    if not group and len(imports) > len(future):
        # Before the first import of a name that sorts behind it, in the block of foreign ones.
        after = imports[-1]
        first_import = next(i for i in imports if i not in future)
        if package in ("functools", "contextlib"):
            row = source.span(first_import)[0]
            own = isinstance(first_import, (ast.Import, ast.ImportFrom)) and _package_of(
                first_import
            ) in _STANDARD
            return Edit((row, 1, row, 1), f"{line}\n" if own else f"{line}\n\n")
    if after is None:
        after = (future or [None])[-1]
        if after is None and tree.body and ast.get_docstring(tree, clean=False) is not None:
            after = tree.body[0]
        if after is None:
            return Edit((1, 1, 1, 1), f"{line}\n\n")
        row = source.span(after)[2] + 1
        return Edit((row, 1, row, 1), f"\n{line}\n")
    row = source.span(after)[2] + 1
    return Edit((row, 1, row, 1), f"{line}\n")


_STANDARD = frozenset(
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
    parts = sorted([*call.args, *call.keywords], key=lambda p: (p.lineno, p.col_offset))
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

    for node in ast.walk(source.parse()):
        if isinstance(node, ast.Call) and tuple(source.span(node)) == tuple(place):
            return node
    return None


def text_at(source: Source, place: Span) -> str:
    """What is written at a place."""
    row, column, end_row, end_column = place
    return source.text[source.offset(row, column) : source.offset(end_row, end_column)]
