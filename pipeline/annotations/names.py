"""Labels as one name each: those that are written in two ways, and how they are renamed."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

from avel.pipeline.media.text import read_text
from avel.pipeline.reasons import InputError

SHORTEST = 4
"""Letters of a label that may be a misspelt other one: `cat` and `car` are two."""
MOST_COMPARED = 500
"""Labels, the most frequent: every pair of them is looked at."""


def one_name(label: str) -> str:
    """A label with single spaces and none at its ends."""
    return " ".join(label.split())


def renames_of(words: Sequence[str], tables: Sequence[Path] = ()) -> dict[str, str]:
    """New names by the old ones, of `OLD=NEW` and of tables with two columns.

    Raises:
        InputError: a word is no such pair, a table cannot be read, or one name is given two.
    """
    pairs = [_pair(word) for word in words]
    pairs += [pair for table in tables for pair in _in_table(table)]
    found: dict[str, str] = {}
    for old, new in pairs:
        if found.setdefault(old, new) != new:
            raise InputError(
                f"--rename {old!r}: is to be both {found[old]!r} and {new!r}; give it one name"
            )
    return found


def check_renames(renames: Mapping[str, str], labels: Iterable[str]) -> None:
    """Refuse to rename what is not there.

    Raises:
        InputError: a name is none of the labels.
    """
    known = sorted(set(labels))
    for old in renames:
        if old not in known:
            near = get_close_matches(old, known, 1)
            guess = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise InputError(f"--rename {old!r}: no annotation has this label; {guess}")


def check_capitals(counts: Counter[str]) -> None:
    """Refuse labels that differ by capitals alone, of so many annotations each.

    Raises:
        InputError: two do.
    """
    seen: dict[str, str] = {}
    for label in sorted(counts, key=lambda each: (-counts[each], each)):
        first = seen.setdefault(label.casefold(), label)
        if first != label:
            raise InputError(
                f"labels {first!r} ({counts[first]}) and {label!r} ({counts[label]}) differ by "
                f"capitals alone; give one name: --rename {quoted(label, first)}"
            )


def near(counts: Counter[str]) -> list[str]:
    """A sentence for each pair of labels that may be one misspelt, of so many annotations each."""
    labels = sorted(counts, key=lambda each: (-counts[each], each))[:MOST_COMPARED]
    return [
        f"labels {often!r} ({counts[often]}) and {rare!r} ({counts[rare]}) are alike; if they are "
        f"one event: --rename {quoted(rare, often)}"
        for often, rare in combinations(labels, 2)
        if _alike(often, rare)
    ]


def quoted(old: str, new: str) -> str:
    """`OLD=NEW` as a shell takes it."""
    text = f"{old}={new}".replace("'", "'\\''")
    return f"'{text}'"


def _alike(one: str, other: str) -> bool:
    a, b = ("".join(c for c in each.casefold() if c.isalnum()) for each in (one, other))
    if a == b:
        return bool(a)
    long = max(len(a), len(b))
    allowed = 0 if min(len(a), len(b)) < SHORTEST else 1 if long < 8 else 2
    # what differs in a number alone is two of a kind
    return 0 < distance(a, b, allowed) <= allowed and not _numbered(a, b)


def _numbered(one: str, other: str) -> bool:
    return one.strip("0123456789") == other.strip("0123456789")


def distance(one: str, other: str, most: int) -> int:
    """Number of letters to put in, take out, replace or swap; more than `most` is `most + 1`.

    Source: the optimal string alignment of Damerau, CACM 1964.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            step = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                step = min(step, last[j - 2] + 1)
            row.append(step)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def _pair(word: str) -> tuple[str, str]:
    old, mark, new = word.partition("=")
    if not mark or not one_name(old) or not one_name(new):
        raise InputError(
            f"--rename {word!r}: must be OLD=NEW; a name that holds '=' goes into a table "
            "(--renames)"
        )
    return one_name(old), one_name(new)


def _in_table(path: Path) -> list[tuple[str, str]]:
    try:
        rows = [row for row in csv.reader(io.StringIO(read_text(path))) if any(row)]
    except csv.Error as err:
        raise InputError(f"{path}: cannot be read as a CSV table ({err})") from err
    for at, row in enumerate(rows, 1):
        if len(row) != 2 or not all(map(one_name, row)):
            raise InputError(f"{path}, row {at}: {row} must be an old name and a new one")
    return [(one_name(old), one_name(new)) for old, new in rows]
