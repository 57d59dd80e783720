"""Seconds to ticks: the nearest, once, whatever the size."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.times import clock, decimal, span, ticks
from avel.pipeline.method.events import Event

RATES = [1000, 10**6, Fraction(25), Fraction(30_000, 1001), Fraction(24_000, 1001)]


@given(st.integers(0, 10**11), st.sampled_from(RATES))
def test_ticks_are_the_nearest(micros: int, rate: Fraction) -> None:
    found = ticks(micros / 1e6, rate)
    assert abs(Fraction(micros, 10**6) * rate - found) <= Fraction(1, 2)


def test_halves_go_up() -> None:
    assert [ticks(seconds, 1000) for seconds in (0.0005, 0.0015, 0.0025)] == [1, 2, 3]
    assert [ticks(seconds, 1) for seconds in (0.5, 1.5, 2.499999)] == [1, 2, 2]


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.sampled_from(RATES))
def test_a_span_is_never_empty(micros: int, length: int, rate: Fraction) -> None:
    onset, offset = span(Event(micros / 1e6, (micros + length) / 1e6, "a", 0.5), rate)
    assert onset == ticks(micros / 1e6, rate)
    assert offset == max(onset + 1, ticks((micros + length) / 1e6, rate))


@given(st.integers(0, 10**12))
def test_decimals_read_back(micros: int) -> None:
    text = decimal(micros / 1e6)
    assert round(Fraction(text) * 10**6) == round(Fraction(micros / 1e6) * 10**6)
    assert "e" not in text
    assert not text.endswith((".", ".0"))


@pytest.mark.parametrize(
    ("seconds", "least", "text"),
    [(0, 0, "0"), (0.5, 0, "0.5"), (12_345.678901, 0, "12345.678901"), (7, 1, "7.0"), (0.1 + 0.2, 0, "0.3"),
     (1.25, 6, "1.250000"), (1e-7, 0, "0"), (1 / 3, 1, "0.333333")],
)  # fmt: skip
def test_decimals(seconds: float, least: int, text: str) -> None:
    assert decimal(seconds, least) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "00:00:00.000"), (62_500, "00:01:02.500"), (3_599_999, "00:59:59.999"), (360_000_001, "100:00:00.001")],
)  # fmt: skip
def test_clock(milliseconds: int, text: str) -> None:
    assert clock(milliseconds) == text
    assert clock(milliseconds, ",") == text.replace(".", ",")
