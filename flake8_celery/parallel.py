"""Facts of many files in several processes."""

from __future__ import annotations

from .facts import Module, module_from_json


def extract_in_processes(work: list[tuple[str, bytes]], processes: int) -> list[Module] | None:
    """The facts of each (path, bytes), in order; None where processes cannot be had.

    Facts come back as JSON, since that is cheaper to pass on than pickled records."""
    import json
    import multiprocessing

    try:
        context = multiprocessing.get_context("fork")
    except ValueError:
        return None
    # By falling size and one in `processes`, so that each gets about the same amount.
    order = sorted(range(len(work)), key=lambda place: -len(work[place][1]))
    shares = [order[start::processes] for start in range(processes)]
    try:
        with context.Pool(processes) as pool:
            texts = pool.map(_extract_share, [[work[p] for p in share] for share in shares], 1)
    except OSError:
        return None
    modules: list[Module | None] = [None] * len(work)
    for share, share_texts in zip(shares, texts, strict=True):
        for place, text in zip(share, share_texts, strict=True):
            modules[place] = module_from_json(json.loads(text))
    return [module for module in modules if module is not None]


def _extract_share(share: list[tuple[str, bytes]]) -> list[str]:
    import json

    from .run import _extract

    return [json.dumps(_extract(path, data), separators=(",", ":")) for path, data in share]
