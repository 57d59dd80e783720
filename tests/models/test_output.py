"""Scores over classes and background become a relevance and classes that say the same."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.models.output import MASKED, LocalizationOutput, odds_of_event, of_segment_scores


def test_odds_by_hand() -> None:
    """Two classes at e^0 + e^0 = 2 against background at e^0: odds 2, logarithm 0.69."""
    scores = torch.tensor([[[0.0, 0.0, 0.0], [1.0, -1e9, 1.0], [0.0, 0.0, 50.0]]])
    odds = odds_of_event(scores, torch.ones(1, 3, dtype=torch.bool))
    assert odds[0, 0].item() == pytest.approx(0.6931472)
    assert odds[0, 1].item() == pytest.approx(0)
    assert odds[0, 2].item() == pytest.approx(0.6931472 - 50)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**31 - 1), st.floats(0.1, 8))
def test_relevance_times_classes_is_the_softmax(
    num_classes: int, length: int, seed: int, scale: float
) -> None:
    g = torch.Generator().manual_seed(seed)
    scores = scale * torch.randn(2, length, num_classes + 1, generator=g)
    attention = torch.rand(2, length, 4, generator=g)
    mask = torch.rand(2, length, generator=g) < 0.7
    output = of_segment_scores(scores, attention, mask)
    assert (output.relevance[~mask] == MASKED).all()
    relevance = torch.sigmoid(output.relevance)[..., None]
    whole = scores.softmax(-1)
    torch.testing.assert_close(
        (relevance * output.classes.softmax(-1))[mask], whole[..., :-1][mask], atol=1e-5, rtol=1e-4
    )
    torch.testing.assert_close((1 - relevance)[mask], whole[..., -1:][mask], atol=1e-5, rtol=1e-4)


def test_the_attention_and_the_scores_travel_along() -> None:
    scores, attention = torch.randn(1, 2, 4), torch.rand(1, 2, 9)
    output = of_segment_scores(scores, attention, torch.ones(1, 2, dtype=torch.bool))
    assert output.attention == {"agva": attention}
    assert output.extra == {"scores": scores}
    assert output.branches == {}
    assert output.classes.shape == (1, 2, 3)


def test_nothing_beside_unless_a_model_says_so_and_it_cannot_be_written_into() -> None:
    output = LocalizationOutput(torch.zeros(1, 2), torch.zeros(1, 3), {}, {})
    assert dict(output.extra) == {}
    with pytest.raises(TypeError):
        output.extra["scores"] = torch.zeros(1)  # type: ignore[index]


def test_a_masked_segment_is_surely_none() -> None:
    assert torch.sigmoid(torch.tensor(MASKED)) < 1e-12
