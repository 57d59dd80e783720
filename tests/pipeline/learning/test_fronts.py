"""What stands before the model in training gives what the encoder gives afterwards."""

import numpy as np
import pytest
import torch

from avel.extractors import Choice, choose
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.fronts import SegmentFront
from avel.extractors.declaration import Declaration
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.options import EncodeOptions
from avel.extractors.weights.files import Weights
from avel.pipeline.learning.fronts import cached_before, make_front, tuned
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError

TINY = choose("audioclip-tiny")
assert isinstance(TINY, Choice)


def cells(count: int = 2, frames: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(4)
    pictures = torch.randint(0, 256, (count, frames, 3, 224, 224), generator=g, dtype=torch.uint8)
    return pictures, torch.randint(-9000, 9000, (count, 44_100), generator=g, dtype=torch.int16)


def raw(pictures: torch.Tensor, samples: torch.Tensor) -> Features:
    there, none = np.ones(len(samples), bool), np.zeros((len(samples), 0), np.float32)
    return Features(none, pictures.numpy(), samples.numpy(), there, there, 3.0, ())  # type: ignore[arg-type]


@pytest.mark.parametrize("placement", ["none", "output", "both"])
def test_the_whole_encoder_in_training_gives_its_features(placement: str) -> None:
    expected = TINY.load()(*cells())
    given = raw(*cells())
    front = make_front(TINY, AdapterConfig(placement), given, whole=True)  # type: ignore[arg-type]
    assert front is not None
    assert (front.adapters is None) == (placement == "none")
    found = tuned(front.eval())(given)
    for name, value in expected.items():
        mine = torch.from_numpy(getattr(found, name)).float()
        assert torch.cosine_similarity(mine, value.float(), -1).min() > 0.9999


def test_without_adapters_nothing_stands_before() -> None:
    given = raw(*cells(1, 1))
    assert make_front(TINY, AdapterConfig(), given) is None
    assert tuned(None)(given) is given


def test_what_is_absent_stays_zero() -> None:
    features = TINY.load()(*cells(3, 1))
    masks = np.array([True, False, True]), np.array([True, True, False])
    arrays = {name: value.numpy().copy() for name, value in features.items()}
    given = Features(**arrays, visual_mask=masks[0], audio_mask=masks[1], duration=3.0, flags=())
    front = make_front(TINY, AdapterConfig("output"), given)
    assert front is not None
    for parameter in front.parameters():
        parameter.data.fill_(0.1)
    found = tuned(front.eval())(given)
    assert not found.visual[1].any()
    assert not found.visual_map[1].any()
    assert not found.audio[2].any()
    assert found.audio[1].any()
    assert found.visual_map.dtype == np.float16


def test_what_is_cached_before_in_trunk_adapters() -> None:
    assert cached_before(TINY, AdapterConfig("output")) is TINY
    cut = cached_before(TINY, AdapterConfig("trunk", (4, 2)))
    assert cut.recipe == choose("audioclip-tiny", (), {"until": 2}).recipe
    assert cut.weights is TINY.weights  # type: ignore[union-attr]
    assert "until" not in TINY.recipe["options"]


class Blind(FrozenExtractor):
    """Listens how its trunk was asked to work."""

    declaration = Declaration("blind", "")

    def load(self) -> torch.nn.Module:
        self.asked: list[torch.dtype | None] = []
        return torch.nn.Linear(4, 2)

    def see(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        there = torch.is_autocast_enabled("cpu")
        self.asked.append(torch.get_autocast_dtype("cpu") if there else None)
        return images.flatten(2).mT[:, :4], images.mean((2, 3))

    def hear(self, samples: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.model(samples)
        return answer


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_extractors_precision_holds_in_training(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in extraction: the trunk in it, what is around it in float32."""
    monkeypatch.setattr("avel.extractors.extractor.check_precision", lambda *_: None)
    encoder = Blind(Weights(()), EncodeOptions(precision))  # type: ignore[arg-type]
    sound = torch.randn(1, 3, 4)
    pictures = torch.randint(0, 256, (1, 3, 1, 3, 2, 2), dtype=torch.uint8)
    found = SegmentFront(encoder, None)(sound, pictures, torch.zeros(1, 3, 0))
    assert [value.dtype for value in found] == [torch.float32] * 3
    extracted = encoder(pictures[0], sound[0])
    torch.testing.assert_close(found[0][0], extracted["audio"])
    dtype = torch.bfloat16 if precision == "bfloat16" else None
    assert encoder.asked == [dtype, dtype]
    exact = encoder.model(sound[0])
    assert torch.equal(found[0][0], exact) == (precision == "float32")


def test_trunks_keep_their_precision_whatever_trainings_is() -> None:
    encoder = Blind(Weights(()))
    pictures = torch.zeros(1, 3, 1, 3, 2, 2, dtype=torch.uint8)
    with torch.autocast("cpu", torch.bfloat16):
        SegmentFront(encoder, None)(torch.randn(1, 3, 4), pictures, torch.zeros(1, 3, 0))
    assert encoder.asked == [None]


def test_the_rest_of_the_trunk_in_the_extractors_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("avel.extractors.extractor.check_precision", lambda *_: None)
    half = choose("audioclip-tiny", (), {"precision": "bfloat16"})
    config = AdapterConfig("trunk", (4,))
    inputs = cached_before(TINY, config).load()(*cells(2, 1))
    arrays = {name: value.numpy() for name, value in inputs.items()}
    there = np.ones(2, bool)
    given = Features(**arrays, visual_mask=there, audio_mask=there, duration=2.0, flags=())
    fronts = [make_front(choice, config, given) for choice in (TINY, half)]
    exact, rounded = (tuned(front.eval())(given).audio for front in fronts if front)
    assert exact.dtype == rounded.dtype == np.float32
    assert 0 < np.abs(exact - rounded).max() < 0.05 * np.abs(exact).max()


def test_encoders_that_training_cannot_begin_in(monkeypatch: pytest.MonkeyPatch) -> None:
    from avel.extractors import PairChoice

    pair = PairChoice(TINY, TINY)
    given = raw(*cells(1, 1))
    with pytest.raises(InputError, match=r"'audioclip-tiny\+audioclip-tiny' has no stages; use pl"):
        cached_before(pair, AdapterConfig("trunk"))
    with pytest.raises(InputError, match="training from segments takes one extractor, not"):
        make_front(pair, AdapterConfig(), given, whole=True)
