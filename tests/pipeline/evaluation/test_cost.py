"""Costs against counting by hand: linear layers and attention of known size."""

import itertools
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from avel.models.card import MATCHERS, Card
from avel.models.output import Visual
from avel.models.table import build
from avel.pipeline.evaluation import cost as cost_module
from avel.pipeline.evaluation.cost import cost, multiply_adds, parameters, seconds_per_video, window

T, P, A, C, D, OUT = 10, 9, 5, 7, 6, 4


@dataclass(frozen=True)
class Sizes:
    audio_dim: int = A
    visual_dim: int = D
    map_channels: int = C


class Layers(nn.Module):
    """One linear layer on each of the three inputs."""

    def __init__(self, config: Any = None) -> None:
        super().__init__()
        self.config = config or Sizes()
        self.audio, self.map, self.visual = nn.Linear(A, OUT), nn.Linear(C, OUT), nn.Linear(D, OUT)
        self.seen: list[Any] = []

    def forward(self, audio: Tensor, visual: Visual, mask: Tensor) -> Tensor:
        self.seen.append((audio, visual, mask, self.training))
        return self.audio(audio) + self.map(visual.map).mean(2) + self.visual(visual.embedding)


def card(name: str = "dmsf", **options: int) -> Card:
    return Card(name, options, ("a", "b"), T, {})


def test_parameters_are_counted_once() -> None:
    assert parameters(Layers()) == (A + C + D) * OUT + 3 * OUT
    tied = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    tied[1].weight = tied[0].weight
    assert parameters(tied) == 16


@pytest.mark.parametrize("positions", [9, 49])
def test_multiply_adds_of_linear_layers(positions: int) -> None:
    expected = T * A * OUT + T * positions * C * OUT + T * D * OUT
    assert multiply_adds(card(), Layers(), positions) == expected


def test_attention_and_recurrence_hide_nothing() -> None:
    """Fused kernels count nothing; as plain products they are counted in full."""

    class Deep(Layers):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.recurrence = nn.LSTM(A, 3, batch_first=True)

        def forward(self, audio: Tensor, visual: Visual, mask: Tensor) -> Tensor:
            x = torch.zeros(len(audio), T, 8)
            return self.attention(x, x, x)[0].sum() + self.recurrence(audio)[0].sum()

    attention = T * 8 * 24 + 2 * T * T * 8 + T * 8 * 8  # in, scores and mixing, out
    recurrence = T * 4 * 3 * (A + 3)
    assert multiply_adds(card(), Deep()) == attention + recurrence


def test_a_window_has_the_models_shapes() -> None:
    audio, visual_map, visual, mask = window(card(), Layers(), 3, P)
    assert audio.shape == (3, T, A)
    assert visual_map.shape == (3, T, P, C)
    assert visual.shape == (3, T, D)
    assert (mask.dtype, mask.shape, bool(mask.all())) == (torch.bool, (3, T), True)
    for one, again in zip(window(card(), Layers(), 3, P), (audio, visual_map, visual, mask), strict=True):  # fmt: skip
        assert torch.equal(one, again)


def test_the_cards_options_go_before_the_configs() -> None:
    audio, visual_map, _, _ = window(card(audio_dim=11, map_channels=13), Layers(), 1, P)
    assert (audio.shape[-1], visual_map.shape[-1]) == (11, 13)


@pytest.mark.parametrize("config", [SimpleNamespace(audio_dim=A, visual_dim=D), SimpleNamespace(audio_dim=A, visual_dim=D, map_channels=None)])  # fmt: skip
def test_a_model_without_own_map_channels_takes_the_pictures(config: Any) -> None:
    _, visual_map, visual, _ = window(card(), Layers(config), 1, P)
    assert visual_map.shape[-1] == visual.shape[-1] == D


def test_matchers_are_asked_with_half_of_the_window() -> None:
    class Matcher(Layers):
        def windows(self, audio: Tensor, visual: Tensor, query: Tensor) -> Tensor:
            self.seen.append((visual.shape, query))
            return self.audio(audio)

    for name in sorted(MATCHERS):
        model = Matcher()
        assert multiply_adds(card(name), model, P) == T * A * OUT
        shape, query = model.seen[0]
        assert shape == (1, T, C)
        assert query.tolist() == [[True] * 5 + [False] * 5]


def test_seconds_are_the_fastest_batchs_by_the_video(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first batches warm up and do not count, however fast."""
    times = iter([0, 1, 1, 2, 10, 18, 20, 26, 30, 34, 40, 49, 50, 57])  # seconds: 1 1 8 6 4 9 7
    monkeypatch.setattr(cost_module, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    model = Layers()
    assert seconds_per_video(card(), model, batch=16, positions=P) == 4 / 16
    assert len(model.seen) == 7
    assert next(times, None) is None


def test_all_three_by_name_of_a_model_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(0, 8)  # seconds: every batch of 16 takes 8
    monkeypatch.setattr(cost_module, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    model = Layers().train()
    found = cost(card(), model)
    assert list(found) == ["parameters", "multiply_adds", "seconds_per_video"]
    assert found["parameters"] == parameters(model)
    assert found["multiply_adds"] == multiply_adds(card(), model)
    assert found["seconds_per_video"] == 8 / 16
    assert not any(training for *_, training in model.seen)


def test_multiply_adds_by_hand() -> None:
    """A matching network is four products; AV_att's sum was done on paper."""
    card = Card("cmm", {}, (), 10, {})
    towers = 512 * 128 + 128 * 64 + 128 * 128 + 128 * 64
    assert multiply_adds(card, build("cmm", {})) == 10 * towers
    n, lstm = 490, 2 * 10 * 512
    attention = n * (512 * 512 + 512 * 49 + 49 + 512) + 10 * (128 * 512 + 512 * 49)
    recurrent = lstm * (512 + 128) + lstm * (128 + 128)
    rest = 10 * (512 * 64 + 64 * 29)
    found = multiply_adds(Card("av_att", {}, (), 10, {}), build("av_att", {}))
    assert found == attention + recurrent + rest
