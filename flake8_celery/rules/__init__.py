"""The rules, one module per band of the catalogue.

The list is explicit: finding modules by looking into the folder costs more than importing them.
"""

from __future__ import annotations

import importlib

BANDS = (
    "serialization",
    "limits",
    "visibility",
    "definition",
    "task_names",
    "retry",
    "results",
    "waiting",
    "results_settings",
    "unread_results",
    "failures",
    "arguments",
    "argument_types",
    "calls",
    "sending_loops",
    "dispatch_arguments",
    "canvas",
    "canvas_members",
    "chords",
    "sources",
    "discovery",
    "settings",
    "old_names",
    "values",
    "connections",
    "redis",
    "routing",
    "destinations",
    "priorities",
    "worker",
    "prefetch",
    "beat",
    "transactions",
    "spanning",
    "task_body",
    "opened",
    "security",
    "access",
    "signals",
    "suppressions",
)


def load() -> None:
    """Imports every band, which registers its rules and observers."""
    for band in BANDS:
        importlib.import_module(f"{__name__}.{band}")
