"""Footage for the formats that count in frames."""

from fractions import Fraction

from hypothesis import strategies as st

from avel.pipeline.formats.frames import EDITING_RATES
from avel.pipeline.media.footage import Footage

RATES = st.sampled_from(EDITING_RATES)


def footage(rate: Fraction, *, variable: bool = False) -> Footage:
    return Footage(rate, variable, 1280, 720, Fraction(60), 48_000)
