"""The rules, one module per band of the catalogue.

The list is explicit: finding modules by looking into the folder costs more than importing them.
"""

from __future__ import annotations

import importlib

BANDS = (
    "serialization",
    "limits",
    "definition",
    "retry",
    "results",
    "arguments",
    "calls",
    "canvas",
    "sources",
    "settings",
    "connections",
    "routing",
    "worker",
    "beat",
    "transactions",
    "security",
    "signals",
    "suppressions",
)


def load() -> None:
    """Imports every band, which registers its rules and observers."""
    for band in BANDS:
        importlib.import_module(f"{__name__}.{band}")
