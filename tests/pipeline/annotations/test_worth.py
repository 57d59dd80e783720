"""What a label would teach, by known results."""

import numpy as np
import pytest

from avel.pipeline.annotations.worth import disagreement, threshold, uncertainty
from avel.pipeline.method.events import Disagreement
from avel.pipeline.method.results import Result


def result(**given: object) -> Result:
    return Result(file="a.mp4", status="ok", duration=3.0, segments=3, **given)  # type: ignore[arg-type]


def test_what_is_at_the_threshold_is_least_certain() -> None:
    found = uncertainty(result(relevance=(0.0, 0.3, 1.0), decoder={"threshold": 0.3}))
    np.testing.assert_allclose(found, [0, 1, 0])


def test_both_sides_of_the_threshold_fall_to_nothing() -> None:
    found = uncertainty(result(relevance=(0.15, 0.65, 0.3), decoder={"threshold": 0.3}))
    np.testing.assert_allclose(found, [0.5, 0.5, 1])


def test_an_event_of_uncertain_class_is_uncertain() -> None:
    classes = (("Bark", 0.95), ("Bark", 0.4), ("Bark", 0.0))
    found = uncertainty(
        result(relevance=(1.0, 1.0, 0.0), top_classes=classes, decoder={"threshold": 0.5})
    )
    np.testing.assert_allclose(found, [0.05, 0.6, 0])


@pytest.mark.parametrize("given", [{}, {"threshold": None}, {"threshold": 0.0}, {"threshold": 1.0}])
def test_a_decoder_without_threshold_has_the_middle(given: dict[str, float]) -> None:
    assert threshold(result(relevance=(0.5,) * 3, decoder=given)) == 0.5


def test_senses_that_name_two_things_disagree_as_clearly_as_the_clearer_one() -> None:
    heard = (("Bark", 0.9), ("Bark", 0.9), ("Bark", 0.1))
    seen = (("Bark", 0.8), ("Cat", 0.3), ("Cat", 0.2))
    found = disagreement(result(relevance=(0.5,) * 3, heard=heard, seen=seen))
    np.testing.assert_allclose(found, [0.1, 0.9, 0.2])


def test_told_disagreements_stand_for_senses_that_are_not_known() -> None:
    told = (Disagreement(0.9, 2.1, "Bark", "heard, not seen", 0.7),)
    found = disagreement(result(relevance=(0.5,) * 3, disagreements=told))
    np.testing.assert_allclose(found, [0.7, 0.7, 0])


def test_what_nobody_knows_counts_as_nothing() -> None:
    """Null in a result's JSON is NaN here, and NaN would be worth more than all that is known."""
    nan = float("nan")
    found = uncertainty(result(relevance=(nan, 0.3, 1.0), decoder={"threshold": 0.3}))
    np.testing.assert_allclose(found, [0, 1, 0])
    classes = (("Bark", nan), ("Bark", 0.9), ("Bark", 0.0))
    found = uncertainty(result(relevance=(1.0, 1.0, nan), top_classes=classes))
    np.testing.assert_allclose(found, [1, 0.1, 0])
    heard, seen = (("Bark", nan), ("Bark", 0.9), ("Bark", nan)), (("Cat", 0.8), ("Cat", nan))
    senses = {"heard": heard, "seen": (*seen, ("Bark", 0.2))}
    np.testing.assert_allclose(disagreement(result(relevance=(0.5,) * 3, **senses)), [0, 0, 0])
    told = (Disagreement(0.0, 1.0, "Bark", "heard, not seen", nan),)
    found = disagreement(result(relevance=(0.5,) * 3, disagreements=told))
    np.testing.assert_allclose(found, [0, 0, 0])
