"""One step of training: what it asks, what it refuses, and that it counts as evaluation does."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.fronts import OutputFront
from avel.models.losses import IGNORED
from avel.models.output import LocalizationOutput
from avel.models.senses import OUTPUTS
from avel.pipeline.datasets.features import Example
from avel.pipeline.evaluation.evaluate import decide_rows
from avel.pipeline.evaluation.metrics import segment_accuracy
from avel.pipeline.learning.module import LocalizerTraining, NotFinite, OutOfMemory, batch_that_fits
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.method.decide import joint
from avel.pipeline.method.decoders import DECODERS, EventConfig
from avel.pipeline.method.events import find_events
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.scoring import probabilities
from tests.pipeline.learning.examples import example

K, T = 4, 10


class Says(torch.nn.Module):
    """A model that gives what it is told to."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self._output = output

    def forward(self, *_: Any) -> Any:
        return self._output


def training(model: torch.nn.Module, config: TrainConfig | None = None, **more: Any) -> Any:
    """A module whose loss is the mean of what the model gives, outside any trainer."""
    module = LocalizerTraining(model, None, _mean, K, config or TrainConfig(), **more)
    module.trainer = SimpleNamespace(  # type: ignore[assignment]
        current_epoch=2, global_rank=0, training=True, global_step=0, world_size=1
    )
    module.log = lambda name, value, **_: logged.update({name: float(value)})  # type: ignore[method-assign]
    return module


logged: dict[str, float] = {}


def _mean(output: Any, *_: Any) -> torch.Tensor:
    return output.mean() if isinstance(output, torch.Tensor) else torch.zeros(())


def answer(seed: int, videos: int) -> LocalizationOutput:
    """Random logits, some of them strong, with a background class."""
    g = torch.Generator().manual_seed(seed)
    classes = 3 * torch.randn(videos, T, K + 1, generator=g)
    relevance = 3 * torch.randn(videos, T, generator=g)
    attention = {"agva": torch.zeros(videos, T, 1)}
    return LocalizationOutput(relevance, classes, {}, attention)


def scores_of(output: LocalizationOutput, present: torch.Tensor) -> list[SegmentScores]:
    found = probabilities(output, K)
    none = np.zeros(T, np.float32)
    return [
        SegmentScores(relevance, classes, there, attention, none, none, float(T), ())
        for relevance, classes, attention, there in zip(*found, present.numpy(), strict=True)
    ]


decoders = st.builds(EventConfig, st.sampled_from(DECODERS), st.floats(0.05, 0.95))


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**31), decoders, st.integers(1, 5), st.floats(0, 1))
def test_selection_evaluation_and_answers_decide_alike(
    seed: int, decoder: EventConfig, videos: int, share: float
) -> None:
    """Random probabilities, masks of missing sound or picture, and decoders."""
    g = torch.Generator().manual_seed(seed)
    present = torch.rand(videos, T, generator=g) < share
    truth = torch.randint(0, K + 1, (videos, T), generator=g)
    output = answer(seed, videos)
    module = training(Says(output), decoder=decoder)
    batch = example(videos)._replace(present=present, segments=truth)
    module.validation_step(batch, 0, 0)
    module.on_validation_epoch_end()

    scores = scores_of(output, present)
    decided = decide_rows(scores, decoder, K)
    assert logged["val_accuracy"] == pytest.approx(segment_accuracy(decided, truth.numpy()))

    names = tuple("abcd")
    for score, row in zip(scores, decided, strict=True):
        answered = np.full(T, K)
        joined = joint(score)
        for event in find_events(score, names, decoder):
            label, cells = names.index(event.label), np.arange(int(event.onset), int(event.offset))
            # by hysteresis events overlap, and a segment's own is the likeliest of them
            odds = np.where(answered[cells] < K, joined[cells, answered[cells]], -1)
            cells = cells[joined[cells, label] > odds]
            answered[cells] = label
        assert answered.tolist() == row.tolist()


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_video_without_sound_has_no_event_by_any_decoder(decoder: str) -> None:
    output = answer(0, 3)._replace(relevance=torch.full((3, T), 9.0))
    nothing = torch.zeros(3, T, dtype=torch.bool)
    config = EventConfig(decoder)  # type: ignore[arg-type]
    for scores in scores_of(output, nothing):
        assert find_events(scores, tuple("abcd"), config) == []
    assert (decide_rows(scores_of(output, nothing), config, K) == K).all()
    module = training(Says(output), decoder=config)
    background = torch.full((3, T), K)
    module.validation_step(example(3)._replace(present=nothing, segments=background), 0, 0)
    module.on_validation_epoch_end()
    assert logged["val_accuracy"] == 1.0


def test_both_splits_are_counted_apart_and_forgotten() -> None:
    module = training(Says(answer(1, 2)), decoder=EventConfig("ungated"))
    right = torch.from_numpy(decide_rows(scores_of(answer(1, 2), torch.ones(2, T, dtype=bool)),
                                         EventConfig("ungated"), K))  # fmt: skip
    module.validation_step(example(2)._replace(segments=right), 0, 0)
    module.validation_step(example(2)._replace(segments=(right + 1) % (K + 1)), 0, 1)
    module.on_validation_epoch_end()
    assert (logged["val_accuracy"], logged["test_accuracy"]) == (1.0, 0.0)
    assert module._right == {}


def test_a_loss_that_is_not_finite_names_epoch_batch_and_rows() -> None:
    module = training(Says(torch.full((6, T), torch.nan)))
    with pytest.raises(NotFinite, match=r"loss is nan in epoch 2, batch 3 \(rows \[0, 1, 2, 3, 4"):
        module.training_step(example(), 3)


def test_the_same_place_draws_the_same_numbers() -> None:
    class Draws(torch.nn.Module):
        def forward(self, *_: Any) -> torch.Tensor:
            drawn.append(torch.rand(()).item())
            return torch.zeros(1)

    drawn: list[float] = []
    module = training(Draws())
    for number in (3, 4, 3):
        torch.rand(5)  # whatever came before
        module.training_step(example(), number)
    assert drawn[0] == drawn[2] != drawn[1]


@pytest.mark.parametrize(("most", "fits"), [(5, 4), (3, 2), (1, 1), (0, 0)])
def test_which_batch_fits(most: int, fits: int) -> None:
    def loss_of(part: Example) -> torch.Tensor:
        if len(part.row) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.zeros((), requires_grad=True)

    assert batch_that_fits(loss_of, example(8)) == fits


@pytest.mark.parametrize(("most", "words"), [(3, "use train.batch_size=2,"), (0, "not even one")])
def test_out_of_memory_says_what_would_fit(most: int, words: str) -> None:
    class Small(torch.nn.Module):
        def forward(self, audio: torch.Tensor, *_: Any) -> torch.Tensor:
            if len(audio) > most:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return audio.requires_grad_()

    with pytest.raises(OutOfMemory, match=f"out of memory with 8 videos at once: {words}"):
        training(Small()).training_step(example(8), 0)


def test_mutual_learning_grows_to_its_weight() -> None:
    weights = []
    module = training(Says(torch.zeros(1)), TrainConfig(mutual_weight=2.0, mutual_ramp_epochs=5))
    module._loss = lambda output, targets, weight: weights.append(weight) or output.sum()
    for epoch in (0, 1, 4, 5, 9):
        module.trainer.current_epoch = epoch
        module.training_step(example(), 0)
    assert weights == pytest.approx([0.0, 0.4, 1.6, 2.0, 2.0])


def test_only_weak_supervision_splices_and_only_full_hears_foreign_sound() -> None:
    seen: dict[str, Example] = {}
    for weak in (False, True):
        module = training(Says(torch.zeros(1)), TrainConfig(foreign_sound=1.0), weak=weak)
        batch = example(6)._replace(video=torch.tensor([0, 1, 2, K, K, 3]))
        seen[str(weak)], known = module._varied(batch)
        assert known.any() == weak
    assert len(seen["True"].row) > 6 == len(seen["False"].row)
    assert torch.equal(seen["True"].audio[:6], batch.audio)
    assert not torch.equal(seen["False"].audio, batch.audio)


def test_sense_heads_ask_about_event_segments_of_videos_with_one_class() -> None:
    """Not about background, padding, or a video that was mixed of two."""
    front = OutputFront(Adapters(AdapterConfig("output"), dict.fromkeys(OUTPUTS, 4)), None)
    module: Any = LocalizerTraining(
        torch.nn.Identity(), front, lambda *_: torch.zeros(()), 3, TrainConfig()
    )
    asked: list[torch.Tensor] = []
    module._senses.forward = lambda *inputs: asked.append(inputs[-1]) or torch.zeros(())
    module._localize = lambda *_: None
    segments = torch.tensor([[0, 3, 1], [2, 2, 3]])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    one = example(2, 3, channels=4)._replace(mask=mask, segments=segments)
    module.loss_of(one, ~mask, 1.0)
    module.loss_of(one._replace(other=torch.tensor([IGNORED, 1])), ~mask, 1.0)
    assert asked[0].tolist() == [[True, False, False], [True, True, False]]
    assert asked[1].tolist() == [[True, False, False], [False, False, False]]


@pytest.mark.parametrize(
    ("weak", "weight", "there"), [(False, 1.0, True), (True, 1.0, False), (False, 0.0, False)]
)
def test_who_has_sense_heads(weak: bool, weight: float, there: bool) -> None:
    front = OutputFront(Adapters(AdapterConfig("output"), dict.fromkeys(OUTPUTS, 4)), None)
    config = TrainConfig(sense_weight=weight)
    module = LocalizerTraining(torch.nn.Identity(), front, _mean, 3, config, weak=weak)
    assert (module._senses is not None) == there


def test_recomputing_gives_the_same_gradient() -> None:
    g = torch.Generator().manual_seed(0)
    front = OutputFront(
        Adapters(AdapterConfig("output", dropout=0.0), dict.fromkeys(OUTPUTS, 4)), None
    )
    for parameter in front.parameters():
        parameter.data = torch.randn(parameter.shape, generator=g) * 0.1

    class Sum(torch.nn.Module):
        def forward(self, audio: torch.Tensor, visual: Any, mask: torch.Tensor) -> torch.Tensor:
            return audio.square().sum() + visual.map.float().square().sum()

    gradients = []
    for recompute in (False, True):
        config = TrainConfig(recompute=recompute, sense_weight=0.0)
        module = LocalizerTraining(Sum(), front, _mean, 3, config)
        front.zero_grad()
        batch = example(2, 3, channels=4)
        module.loss_of(batch, ~batch.mask, 1.0).backward()
        gradients.append([p.grad.clone() for p in front.parameters() if p.grad is not None])
    assert len(gradients[0]) > 3
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)
