"""Which tiers hold labels."""

from pathlib import Path

import pytest

from avel.pipeline.annotations.marks import Mark
from avel.pipeline.annotations.tiers import Tier, chosen
from avel.pipeline.reasons import InputError

HERE = Path("a.eaf")


def tier(name: str, *labels: str, remark: bool = False) -> Tier:
    marks = tuple(Mark(label, n, n + 1, "") for n, label in enumerate(labels))
    return Tier(name, marks, "", remark)


def names(*tiers: Tier, wanted: tuple[str, ...] = ()) -> tuple[list[str], tuple[str, ...]]:
    kept, notes = chosen(HERE, tiers, wanted)
    return [each.name for each in kept], notes


def test_our_own_scores_are_no_labels() -> None:
    assert names(tier("events", "Bark"), tier("events score", "0.9312")) == (["events"], ())
    assert names(tier("events", "Bark"), tier("events score", "0.9", remark=True))[1] == ()


def test_a_tier_that_is_only_called_so_is_kept() -> None:
    assert names(tier("events", "Bark"), tier("events score", "high"))[0] == [
        "events",
        "events score",
    ]
    assert names(tier("goal score", "1"))[0] == ["goal score"]


def test_what_says_more_of_others_is_left_out_and_named() -> None:
    kept, notes = names(tier("events", "Bark"), tier("how", "loudly", remark=True))
    assert kept == ["events"]
    assert notes == (
        "a.eaf: tier(s) 'how' say more of other tiers' annotations and are left out; --tier NAME "
        "takes one",
    )
    assert names(tier("events"), tier("how", remark=True)) == (["events"], ())


def test_wanted_ones_are_taken_whatever_they_are() -> None:
    tiers = tier("events", "Bark"), tier("how", "loudly", remark=True)
    assert names(*tiers, wanted=("how",)) == (["how"], ())
    with pytest.raises(InputError, match=r"a\.eaf: has no tier 'x'; there are 'events', 'how'"):
        names(*tiers, wanted=("how", "x"))
    with pytest.raises(InputError, match="there are none"):
        names(wanted=("x",))
