"""Fronts of training: what the cache holds to features, in the precision of extraction."""

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor

from avel.extractors import Choice, choose
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.fronts import Front, OutputFront, SegmentFront
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.extractors.audioclip.tail import TrunkFront
from tests.extractors.adapters.test_adapters import WIDTHS, features, stir
from tests.extractors.made import cells

OUTPUTS = {"audio": 128, "visual": 128, "visual_map": 512}
MAP, NOTHING = torch.zeros(1, 2, 49, 512), torch.zeros(1, 2, 0)


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with bfloat16 instructions, whatever this one has: torch emulates them."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})


def segments() -> tuple[Tensor, Tensor]:
    """One video of two cells: samples (1, 2, S) and frames (1, 2, 1, 3, H, W)."""
    frames, samples = cells(2)
    return samples[None], frames[None]


def run(front: Front) -> dict[str, Tensor]:
    samples, frames = segments()
    with torch.no_grad():
        audio, visual_map, visual = front(samples, frames, NOTHING)
    return {"audio": audio[0], "visual_map": visual_map[0], "visual": visual[0]}


def test_output_front_is_the_adapters_outputs() -> None:
    adapters = stir(Adapters(AdapterConfig("output"), WIDTHS))
    audio, tokens, visual = features()
    found = OutputFront(adapters, None)(audio, tokens.half(), visual)
    expected = adapters.outputs(audio, tokens.half().float(), visual, None)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert found[1].dtype == torch.float32


def test_output_front_pools_as_the_encoder_does(tiny: TinyAudioCLIPExtractor) -> None:
    adapters = Adapters(AdapterConfig("output"), OUTPUTS).eval()
    torch.nn.init.normal_(adapters.at["visual_map"].up.weight)
    g = torch.Generator().manual_seed(0)
    audio, visual = torch.randn(1, 2, 128, generator=g), torch.randn(1, 2, 128, generator=g)
    tokens = torch.rand(1, 2, 49, 512, generator=g)
    pool = tiny.pooling
    assert pool is not None
    heard, corrected, seen = OutputFront(adapters, pool)(audio, tokens, visual)
    assert torch.equal(heard, audio)
    moved = pool(corrected) - pool(tokens)
    torch.testing.assert_close(seen - visual, moved, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("able")
@pytest.mark.parametrize(
    ("precision", "placement"),
    [("float32", "none"), ("bfloat16", "none"), ("bfloat16", "both")],
)
def test_training_sees_what_extraction_gives(precision: str, placement: str) -> None:
    """At step 0, bit for bit, and also inside a training of another precision."""
    extractor = choose("audioclip-tiny", options={"precision": precision}).load()
    assert isinstance(extractor, TinyAudioCLIPExtractor)
    frames, samples = cells(2)
    expected = extractor(frames, samples)
    config = AdapterConfig(placement)  # type: ignore[arg-type]
    channels = {**OUTPUTS, **extractor.stage_channels}
    adapters = Adapters(config, channels).eval() if placement != "none" else None
    front = SegmentFront(extractor, adapters).eval()
    found = run(front)
    for name, value in expected.items():
        assert found[name].dtype == torch.float32
        assert torch.equal(found[name].to(value.dtype), value), name
    if adapters is None:
        other = torch.float16 if precision == "bfloat16" else torch.bfloat16
        with torch.autocast("cpu", other):
            surrounded = run(front)
        assert all(torch.equal(surrounded[name], found[name]) for name in found)


def test_only_adapters_learn_and_frames_are_averaged(tiny_choice: Choice) -> None:
    extractor = tiny_choice.load()
    channels = {**OUTPUTS, **extractor.stage_channels}
    front = SegmentFront(extractor, Adapters(AdapterConfig("both"), channels)).train()
    frames, samples = cells(2)
    video = frames.transpose(0, 1)[None]  # one cell of two frames
    audio, visual_map, visual = front(samples[None, :1], video, NOTHING[:, :1])
    (audio.square().mean() + visual_map.square().mean() + visual.square().mean()).backward()
    assert {name.split(".")[0] for name, _ in front.named_parameters()} == {"adapters"}
    assert all(p.grad is not None for p in front.adapters.parameters())
    assert not any(p.requires_grad for p in extractor.model.parameters())
    assert not any("_extractor" in name for name in front.state_dict())
    expected = extractor.embed_sight(frames.transpose(0, 1))
    torch.testing.assert_close(visual[0], expected["visual"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("whole", [True, False])
def test_the_encoder_follows_the_training_to_its_device(
    tiny_choice: Choice, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Which is no part of the front, so nobody else moves it."""
    extractor = tiny_choice.load()
    assert isinstance(extractor, TinyAudioCLIPExtractor)
    adapters = Adapters(AdapterConfig("both", (4,)), {**OUTPUTS, **extractor.stage_channels})
    front: Front = SegmentFront(extractor, adapters) if whole else TrunkFront(extractor, adapters)
    inputs = (*segments(), NOTHING) if whole else (torch.zeros(1, 2, 256 * 33), MAP, NOTHING)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    found = front.to("meta")(*(value.to("meta") for value in inputs))
    assert [tuple(value.shape) for value in found] == [(1, 2, 128), (1, 2, 49, 512), (1, 2, 128)]
    assert {value.device.type for value in found} == {"meta"}
    assert extractor.device == torch.device("meta")
