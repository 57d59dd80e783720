"""Counts of a batch: each file once, each failure named, an end where there are too many."""

from pathlib import Path

import pytest

from avel.pipeline.batch.tally import Tally, TooManyFailures
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import Reason


def made(name: str, *, cached: bool = False) -> Outcome:
    return Outcome(Path(name), "k", cached=cached)


def failed(name: str) -> Outcome:
    return Outcome(Path(name), None, reason=Reason.EMPTY, message=f"{name}: 0 bytes")


def test_each_file_counts_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A loop that was killed said it before its lot was done again."""
    tally = Tally(5, ["no video file for id x"])
    said = [made("a"), made("a", cached=True), made("b", cached=True), failed("c"), failed("c")]
    assert [o.path.name for o in tally.track(said)] == ["a", "b", "c"]
    assert tally.counts == {"extracted": 1, "cached": 1}
    assert (tally.total, tally.failures, tally.elsewhere) == (6, 2, 2)
    listed = [("MISSING_FILE", "no video file for id x"), ("EMPTY", "c: 0 bytes")]
    assert tally.listed == listed
    assert capsys.readouterr().err.count("EMPTY: c: 0 bytes\n") == 1


def test_enough_failures_are_the_end() -> None:
    tally = Tally(9, most_failures=2)
    with pytest.raises(TooManyFailures, match=r"2 videos failed, which --give-up-after 2"):
        list(tally.track([failed("a"), made("b"), failed("c"), made("d")]))
    assert sum(tally.counts.values()) == 1


def test_the_bottleneck_is_known_while_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Of each file once, as its counts."""
    slow = Outcome(Path("a"), "k", waited_seconds=3, encode_seconds=1, decode_seconds=4)
    tally = Tally(2)
    assert len(list(tally.track([slow, slow, made("b")]))) == 2
    assert tally.balance.bottleneck == "decoding"
    assert (tally.balance.waited, tally.balance.cores) == (3, 4)
    assert tally._note() == "bottleneck decoding (4 cores balance a loop)"
