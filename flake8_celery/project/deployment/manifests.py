"""YAML: compose files and Kubernetes manifests, by what they hold.

Nodes are read, not objects: they know their rows, and nothing is built from a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .found import Found, Unreadable, assignments, in_words
from .words import Word, simple_commands

# A document of real life has some thousand nodes; an alias that repeats others has no end.
MOST_STEPS = 50_000
MOST_BRACKETS = 5_000
DEEPEST = 60
GIVEN_PORT = re.compile(r"\$\{\w+:?-\d+\}")


def read(text: str) -> Iterator[Found]:
    """The Celery commands of a YAML file.  Raises Unreadable."""
    if "\n{{" in f"\n{text}" or "{{-" in text or "{%" in text:
        raise Unreadable("it is a template")
    if text.count("[") + text.count("{") > MOST_BRACKETS:
        raise Unreadable("it is nested too deeply")
    import yaml

    document = _Document()
    try:
        for root in yaml.compose_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            yield from document.commands(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", row {mark.line + 1}" if mark is not None else ""
        raise Unreadable(f"it is not YAML{at}") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"it is not YAML: {error}") from None


class _Document:
    """Walks nodes, counting the steps."""

    def __init__(self) -> None:
        self.steps = 0

    def pairs(self, node: Any, depth: int = 0) -> dict[str, Any]:
        """The values of a mapping by their keys, with those that it merges."""
        found: dict[str, Any] = {}
        if getattr(node, "id", None) != "mapping" or depth > DEEPEST:
            return found
        merged: dict[str, Any] = {}
        for key, value in node.value:
            self.step()
            if key.id != "scalar":
                continue
            if key.tag == "tag:yaml.org,2002:merge":
                sources = value.value if value.id == "sequence" else [value]
                for source in sources:
                    for name, inside in self.pairs(source, depth + 1).items():
                        merged.setdefault(name, inside)
            else:
                found[key.value] = value
        return {**merged, **found}

    def items(self, node: Any) -> list[Any]:
        """The nodes of a sequence."""
        if getattr(node, "id", None) != "sequence":
            return []
        self.steps += len(node.value)
        self.step()
        return list(node.value)

    def step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unreadable("it has too many nodes")

    def commands(self, root: Any) -> Iterator[Found]:
        top = self.pairs(root)
        if "kind" in top and "apiVersion" in top:
            yield from self.of_manifest(root, 0)
        elif "services" in top:
            for service in self.pairs(top["services"]).values():
                yield from self.of_service(service)

    def of_service(self, service: Any) -> Iterator[Found]:
        given = self.pairs(service)
        environment = self.variables(given.get("environment"))
        closed = environment is not None and "env_file" not in given and "extends" not in given
        entry, command = given.get("entrypoint"), given.get("command")
        known = environment or {}
        first = self.words(entry) if entry is not None else []
        rest = self.words(command) if command is not None else []
        published = self.published(given)
        told = entry if command is None else command
        row = told.start_mark.line + 1 if told is not None else 1
        # An entry point of the project's own usually runs what it is given.
        for words in ([*first, *rest], rest):
            found = list(in_words(words, row, known, closed, published)) if words else []
            yield from found
            if found:
                return

    def published(self, service: dict[str, Any]) -> bool | None:
        """Whether a service opens ports to other machines."""
        if "profiles" in service:
            # Started only by those who ask for it.
            return None
        mode = service.get("network_mode")
        if mode is not None:
            return True if _scalar(mode) == "host" else None
        for port in self.items(service.get("ports")):
            if port.id == "mapping":
                address = self.pairs(port).get("host_ip")
                text = str(address.value) if address is not None else ""
            else:
                # `${PORT}:5555` may hold an address, too; `${PORT:-5555}:5555` is meant for a port.
                text = GIVEN_PORT.sub("", _scalar(port))
            if not Word(text).known:
                return None
            if not text.startswith(("127.", "localhost", "[::1]", "::1")):
                return True
        return False

    def words(self, node: Any) -> list[Word]:
        """A command, text or list, as words.  Compose and Kubernetes call no shell."""
        if node.id == "sequence":
            return [Word(str(i.value)) for i in self.items(node) if i.id == "scalar"]
        if node.id != "scalar":
            return []
        line = " ".join(node.value.replace("\\\n", " ").split("\n"))
        return next(iter(simple_commands(line)), [])

    def variables(self, node: Any) -> dict[str, Word] | None:
        """`environment` as a mapping or a list; None where it is neither."""
        if node is None:
            return {}
        if node.id == "mapping":
            return {k: Word(_scalar(v)) for k, v in self.pairs(node).items()}
        if node.id == "sequence":
            texts = [_scalar(item) for item in self.items(node)]
            # A name alone is taken from whoever calls compose.
            return assignments(text if "=" in text else f"{text}=${text}" for text in texts)
        return None

    def of_manifest(self, node: Any, depth: int) -> Iterator[Found]:
        """The containers anywhere in a manifest: pods, deployments, jobs, lists of them."""
        if depth > DEEPEST:
            return
        given = self.pairs(node)
        for key, value in given.items():
            if key == "containers":
                for container in self.items(value):
                    yield from self.of_container(container)
            elif value.id == "mapping":
                yield from self.of_manifest(value, depth + 1)
            elif value.id == "sequence" and key == "items":
                for item in self.items(value):
                    yield from self.of_manifest(item, depth + 1)

    def of_container(self, container: Any) -> Iterator[Found]:
        given = self.pairs(container)
        environment: dict[str, Word] = {}
        for variable in self.items(given.get("env")):
            pair = self.pairs(variable)
            if "name" in pair:
                value = pair.get("value")
                # `valueFrom` is a secret or a field of the pod.
                text = "$" if value is None else _scalar(value)
                environment[_scalar(pair["name"])] = Word(text)
        closed = "envFrom" not in given
        parts = [given[name] for name in ("command", "args") if name in given]
        words = [word for part in parts for word in self.words(part)]
        if parts:
            row = parts[0].start_mark.line + 1
            yield from in_words(words, row, environment, closed)


def _scalar(node: Any) -> str:
    return node.value if node.id == "scalar" else "$"
