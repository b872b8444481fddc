"""How far two words are apart, for "did you mean" suggestions."""

from collections.abc import Iterable


def edit_distance(a: str, b: str, limit: int) -> int:
    """The Damerau-Levenshtein distance of two words (optimal string alignment).

    An insertion, a deletion, a substitution or a swap of two neighbours costs 1, and no part is
    edited twice. Any distance above `limit` comes back as `limit + 1`, which makes the comparison
    of unlike words cheap.
    """
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    if a == b:
        return 0
    before_previous: list[int] = []
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and right == a[i - 2]:
                cost = min(cost, before_previous[j - 2] + 1)
            row.append(cost)
        if min(row) > limit and min(previous) > limit:
            return limit + 1
        before_previous, previous = previous, row
    return min(previous[-1], limit + 1)


def nearest(word: str, candidates: Iterable[str], limit: int = 2) -> str | None:
    """The one candidate closest to `word`, or None when there is none or more than one.

    At most `limit` edits are forgiven, and never more than a third of the word, so that short
    words do not match everything. A word that is itself a candidate comes back as it is.
    """
    limit = min(limit, len(word) // 3)
    best: str | None = None
    best_distance = limit + 1
    letters = set(word)
    for candidate in candidates:
        # An edit changes at most two of the letters that occur, so most words need no closer look.
        if len(letters.symmetric_difference(candidate)) > 2 * limit:
            continue
        distance = edit_distance(word, candidate, min(limit, best_distance))
        if distance < best_distance:
            best, best_distance = candidate, distance
        elif distance == best_distance and candidate != best:
            best = None
    return best
