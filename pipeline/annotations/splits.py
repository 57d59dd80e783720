"""Films into training, validation and test, each label's alike; a film stands in one of them."""

from collections.abc import Mapping, Set
from math import floor

HELD_OUT = 0.1
"""Share of each label's films for validation, and the same for the test, as in AVE."""


def splits_of(films: Mapping[str, Set[str]], held_out: float = HELD_OUT) -> dict[str, str]:
    """The split of every film.

    Labels that few films show choose first. Which films they hold out is decided by the films' keys
    alone, so that equal films give equal splits. A label of fewer than five films holds out none
    where the share is a tenth.

    Args:
        films: Labels of each, by its key, which is a hash.
        held_out: Share of a label's films, in [0, 0.5), for `val` and for `test` each.
    """
    found: dict[str, str] = {}
    labels = {label for shown in films.values() for label in shown}
    of = {label: sorted(key for key, shown in films.items() if label in shown) for label in labels}
    for label in sorted(labels, key=lambda each: (len(of[each]), each)):
        wanted = floor(len(of[label]) * held_out + 0.5)
        for split in ("test", "val"):
            lacking = wanted - sum(found.get(key) == split for key in of[label])
            free = [key for key in of[label] if key not in found]
            found |= dict.fromkeys(free[: max(0, lacking)], split)
        found |= {key: "train" for key in of[label] if key not in found}
    return {key: found.get(key, "train") for key in films}
