"""What a batch waits for, from what each video took."""

from pathlib import Path

import pytest

from avel.pipeline.batch.balance import Balance
from avel.pipeline.method.outcome import Outcome


def balance(waited: float, encoding: float, decoding: float) -> Balance:
    """Of two videos, that have three quarters and a quarter of it."""
    found = Balance()
    for part in (0.75, 0.25):
        found.take(
            Outcome(
                Path("a"),
                "k",
                decode_seconds=decoding * part,
                encode_seconds=encoding * part,
                waited_seconds=waited * part,
            )
        )
    return found


def test_loops_that_wait_need_more_cores() -> None:
    found = balance(waited=60, encoding=20, decoding=130)
    assert found.bottleneck == "decoding"
    assert found.waited_share == 0.75
    assert found.cores == 7, "130 seconds of decoding in the 20 of encoding"
    assert found.sentence == (
        "bottleneck: decoding, 75% of the loops' time; 7 cores for decoding balance a loop"
    )
    assert found.note == "bottleneck decoding (7 cores balance a loop)"


def test_a_slow_encoder_is_named() -> None:
    found = balance(waited=1, encoding=99, decoding=99)
    assert found.bottleneck == "encoding"
    assert found.sentence == (
        "bottleneck: encoding, 99% of the loops' time; 1 core for decoding balances a loop"
    )
    assert found.note == "bottleneck encoding (1 core balances a loop)"


@pytest.mark.parametrize("seconds", [(0, 0, 0), (0.01, 0.02, 9)])
def test_nothing_is_said_of_nothing(seconds: tuple[float, float, float]) -> None:
    found = balance(*seconds)
    assert (found.bottleneck, found.sentence, found.note) == ("", "", "")
    assert found.document()["bottleneck"] is None


def test_all_that_failed_in_its_decoder_has_no_balance() -> None:
    found = balance(waited=5, encoding=0, decoding=9)
    assert found.sentence == "bottleneck: decoding, 100% of the loops' time"
    assert found.note == "bottleneck decoding"
    assert found.document() == {
        "bottleneck": "decoding",
        "waited_seconds": 5,
        "encoding_seconds": 0,
        "decoding_seconds": 9,
        "waited_share": 1,
        "balancing_cores": None,
    }
