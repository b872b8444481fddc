"""Run flake8 as if one distribution were not installed.

    python hidden_flake8.py DISTRIBUTION [flake8's arguments]

flake8 cannot leave out a plugin that is installed: ``--select`` and ``--extend-ignore`` drop what
it reported after it ran. A second virtual environment would differ in more than the plugin. So one
distribution is hidden from the search for entry points. The benchmark starts both of its flake8
runs with this file, one of them hiding nothing, so that both pay for it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Iterator
from typing import Any

everything = importlib.metadata.distributions
hidden = sys.argv.pop(1).replace("-", "_")


def others(**context: Any) -> Iterator[importlib.metadata.Distribution]:
    for distribution in everything(**context):
        # Its `name` would parse the metadata, which flake8 is careful not to do.
        folder = getattr(distribution, "_path", None)
        if folder is None or folder.name.partition("-")[0] != hidden:
            yield distribution


if __name__ == "__main__":
    importlib.metadata.distributions = others
    sys.exit(importlib.import_module("flake8.main.cli").main())
