"""Seconds of waiting and of encoding: none counted twice, none of what others take."""

from collections.abc import Iterator

import pytest

from avel.pipeline.method.meter import Meter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def slow(self, *seconds: float) -> Iterator[float]:
        for each in seconds:
            self.now += each
            yield each
        self.now += 0.5  # what comes after the last


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_only_the_seconds_until_an_item_count(clock: Clock) -> None:
    meter = Meter(clock)
    for _ in meter.waiting(clock.slow(1, 2)):
        clock.now += 100  # the reader's own
    assert meter.waited() == 3.5
    assert meter.waited() == 0, "told once"
    assert meter.share(1) == 0, "waiting is no encoding"


def test_items_pass_as_they_are(clock: Clock) -> None:
    assert list(Meter(clock).waiting([(), 0, None])) == [(), 0, None]
    assert list(Meter(clock).encoding([], cells=3)) == []


def test_encoding_is_shared_by_cells(clock: Clock) -> None:
    """The second video's cells are still there: two thirds of what was spent stay with them."""
    meter = Meter(clock)
    list(meter.encoding(clock.slow(), cells=6))  # half a second, of six cells
    shares = []
    for _ in meter.encoding(clock.slow(2.5), cells=12):
        clock.now += 7
        shares.append(meter.share(6))
    assert shares == [pytest.approx(1.0)]
    rest = meter.share(12)
    assert rest == pytest.approx(2.5)
    assert sum(shares) + rest == pytest.approx(3.5)


def test_more_cells_than_were_given_take_all_and_no_more(clock: Clock) -> None:
    meter = Meter(clock)
    list(meter.encoding(clock.slow(1.0), cells=2))
    assert meter.share(5) == pytest.approx(1.5)
    assert meter.share(5) == 0


def test_an_error_passes(clock: Clock) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(Meter(clock).waiting(broken()))
