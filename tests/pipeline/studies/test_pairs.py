"""Two rows on the same videos."""

import numpy as np
import pytest

from avel.pipeline.studies.bootstrap import paired_difference
from avel.pipeline.studies.pairs import pair

FIRST = {0: np.array([0.5, 0.5, 1.0]), 1: np.array([0.0, 0.5, 1.0]), 7: np.zeros(3)}
OTHER = {1: np.array([0.2, 0.5, 0.4]), 0: np.array([1.0, 0.5, 1.0]), 8: np.ones(3)}


def test_the_difference_by_seed_and_by_video() -> None:
    found = pair("no gate", "full", FIRST, OTHER)
    assert found is not None
    assert (found.name, found.reference) == ("no gate", "full")
    assert found.difference == paired_difference(FIRST, OTHER)
    assert list(found.seeds) == [0, 1]  # those that both have
    assert found.seeds == pytest.approx({0: 50 / 3, 1: -40 / 3})
    assert found.videos == pytest.approx((35.0, 0.0, -30.0))
    assert np.mean(found.videos) == pytest.approx(found.difference.mean)


def test_without_a_shared_seed_there_is_none() -> None:
    assert pair("a", "b", {0: np.ones(2)}, {1: np.ones(2)}) is None
