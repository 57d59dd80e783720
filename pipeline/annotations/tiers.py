"""Which tiers of a file hold labels: ELAN's and Praat's have others too."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.annotations.marks import Mark
from avel.pipeline.annotations.numbers import DECIMAL
from avel.pipeline.reasons import InputError

SCORES = " score"
"""End of the name of a tier of our own that holds the scores of the one beside it."""


@dataclass(frozen=True)
class Tier:
    """One tier of a file.

    Attributes:
        name: As it is shown.
        marks: With times in seconds.
        annotator: Who made it, where that is known.
        remark: Whether it only says more of what other tiers mark, and has no times of its own.
    """

    name: str
    marks: tuple[Mark, ...]
    annotator: str = ""
    remark: bool = False


def chosen(
    path: Path, tiers: Sequence[Tier], wanted: Sequence[str]
) -> tuple[list[Tier], tuple[str, ...]]:
    """Tiers of the wanted names, or all that hold labels; and a sentence on what was left out.

    Raises:
        InputError: there is none of a wanted name.
    """
    names = [tier.name for tier in tiers]
    if missing := [name for name in wanted if name not in names]:
        raise InputError(
            f"{path}: has no tier {missing[0]!r}; there are {', '.join(map(repr, names)) or 'none'}"
        )
    if wanted:
        return [tier for tier in tiers if tier.name in wanted], ()
    kept = [tier for tier in tiers if not tier.remark and not _holds_scores(tier, names)]
    left = [t.name for t in tiers if t.remark and not _holds_scores(t, names) and t.marks]
    if not left:
        return kept, ()
    names_of = ", ".join(map(repr, left))
    note = (
        f"{path}: tier(s) {names_of} say more of other tiers' annotations and are left out; "
        "--tier NAME takes one"
    )
    return kept, (note,)


def _holds_scores(tier: Tier, names: Sequence[str]) -> bool:
    beside = tier.name.removesuffix(SCORES)
    return (
        beside != tier.name
        and beside in names
        and all(DECIMAL.fullmatch(mark.label.strip()) for mark in tier.marks)
    )
