"""What all encoders share: batches, averages, precisions, devices."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from avel.extractors import Choice, Declaration, ExtractorError, choose
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.extractors.extractor import IMAGES_AT_ONCE, FrozenExtractor, check_precision
from avel.extractors.options import EncodeOptions
from avel.extractors.weights.files import Weights
from tests.extractors.conftest import Chooser
from tests.extractors.made import cells, parts


class Plain(FrozenExtractor):
    """A 1x1 convolution and a sum, so that every number can be said beforehand."""

    declaration = Declaration("plain", "nowhere:Nothing", sees=True, hears=True)
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 0.125)

    def load(self) -> nn.Module:
        layer = nn.Conv2d(3, 3, 1, bias=False)
        nn.init.dirac_(layer.weight)
        return layer

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.model(images)
        self.seen = [*getattr(self, "seen", []), (len(images), maps.dtype)]
        return maps.flatten(2).transpose(1, 2), maps.mean((2, 3))

    def hear(self, samples: Tensor) -> Tensor:
        return samples.mean(1, keepdim=True)


@pytest.fixture
def plain() -> Plain:
    return Plain(Weights(()))


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with bfloat16 instructions, whatever this one has: torch emulates them."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})


@pytest.fixture
def shapes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device that only knows shapes, and so has no precision to change."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())


def test_pictures_are_normalised_as_in_training(plain: Plain) -> None:
    frames = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    found = plain.normalised(frames)
    for channel in range(3):
        expected = (frames[:, channel] / 255 - plain.mean[channel]) / plain.std[channel]
        torch.testing.assert_close(found[:, channel], expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_what_comes_out_is_the_mean_of_a_cells_frames(plain: Plain) -> None:
    frames = torch.randint(0, 256, (2, 5, 3, 2, 2), dtype=torch.uint8)
    samples = torch.tensor([[100, 300], [-32768, 32767]], dtype=torch.int16)
    found = plain(frames, samples)
    pictures = plain.normalised(frames.flatten(0, 1)).view(2, 5, 3, 4).mean(1)
    torch.testing.assert_close(found["visual"], pictures.mean(2))
    torch.testing.assert_close(found["visual_map"], pictures.transpose(1, 2).half())
    assert found["audio"].tolist() == [[200.0], [-0.5]]


def test_many_pictures_go_through_in_parts(plain: Plain) -> None:
    """Sixteen frames in ten cells: memory follows `IMAGES_AT_ONCE`, not the batch."""
    frames = torch.randint(0, 256, (10, 16, 3, 2, 2), dtype=torch.uint8)
    whole = plain(frames, torch.zeros(10, 4, dtype=torch.int16))["visual"]
    assert [count for count, _ in plain.seen] == [IMAGES_AT_ONCE, IMAGES_AT_ONCE, 32]
    for t in range(10):
        alone = plain.embed_sight(frames[t : t + 1])["visual"]
        torch.testing.assert_close(alone[0], whole[t])


def test_sides_that_an_extractor_has_not_are_empty() -> None:
    class Deaf(Plain):
        see, hear = FrozenExtractor.see, FrozenExtractor.hear

    found = Deaf(Weights(()))(*cells(2, 4, 8))
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "visual": (2, 0),
        "visual_map": (2, 0, 0),
        "audio": (2, 0),
    }


@pytest.mark.usefixtures("able")
def test_the_precision_is_that_of_the_options_whatever_surrounds_it(plain: Plain) -> None:
    half = Plain(Weights(()), EncodeOptions("bfloat16"))
    frames, samples = cells(1, 4, 8)
    for extractor, expected in ((plain, torch.float32), (half, torch.bfloat16)):
        extractor(frames, samples)
        with torch.autocast("cpu", torch.bfloat16):
            extractor(frames, samples)
            with extractor.mixed():
                extractor.see(extractor.normalised(frames[:, 0]))
        assert [dtype for _, dtype in extractor.seen] == [expected] * 3


def test_memory_of_either_side(plain: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("as a device says it")

    for side in ("_see", "_hear"):
        with monkeypatch.context() as patch:
            patch.setattr(plain, side, full)
            with pytest.raises(torch.OutOfMemoryError, match=r"^as a device says it$"):
                plain(*cells(1, 4, 8))


def constants(extractor: FrozenExtractor) -> dict[str, Tensor]:
    """Every tensor that an extractor holds: its own, its network's, and those beside its state."""
    found = {name: value for name, value in vars(extractor).items() if isinstance(value, Tensor)}
    for name, module in extractor.model.named_modules():
        for kind in (module._parameters, module._buffers):
            found |= {f"{name}.{k}": v for k, v in kind.items() if v is not None}
    return found


@pytest.mark.usefixtures("shapes_only")
@pytest.mark.parametrize("name", ["audioclip-tiny", "vgg19", "openclip-vit", "vggish"])
def test_moving_takes_everything_along(name: str, chosen: Chooser) -> None:
    """A tensor left behind would not meet those that moved."""
    extractor = parts(chosen(name))[0].load()
    before = constants(extractor)
    assert {"_scale", "_shift"} <= before.keys()
    assert {value.device.type for value in before.values()} == {"cpu"}
    extractor.to("meta")
    after = constants(extractor)
    assert after.keys() == before.keys()
    assert {value.device.type for value in after.values()} == {"meta"}
    assert extractor.device == torch.device("meta")
    images = torch.zeros(1, 3, 224, 224, device="meta")
    samples = torch.zeros(1, 44_100, device="meta")
    size = extractor.declaration.cells(extractor.weights).get("image_size", 224)
    assert extractor.see(images[..., :size, :size])[1].device.type == "meta"
    assert extractor.hear(samples).device.type == "meta"


@pytest.mark.usefixtures("shapes_only")
def test_the_post_processings_matrix_moves_too(chosen: Chooser, tmp_path) -> None:  # type: ignore[no-untyped-def]
    matrix = {"pca_eigen_vectors": torch.eye(128), "pca_means": torch.zeros(128)}
    torch.save(matrix, tmp_path / "pca.pth")
    files = [parts(chosen("vggish"))[0].weights.files[0].path, tmp_path / "pca.pth"]
    extractor = parts(choose("vggish", files, {"postprocess": True}))[0].load()
    extractor.to("meta")
    assert extractor.hear(torch.zeros(1, 16_000, device="meta")).device.type == "meta"


@pytest.mark.usefixtures("shapes_only")
def test_filters_made_on_one_device_are_not_used_on_another(tiny_choice: Choice) -> None:
    """AudioCLIP's filter bank is remembered; the memory does not outlive a move."""
    extractor = tiny_choice.load()
    assert isinstance(extractor, TinyAudioCLIPExtractor)
    extractor(*cells(1))
    extractor.to("meta")
    extractor.hear(torch.zeros(1, 44_100, device="meta"))
    assert extractor.model.audio._frozen is not None
    assert extractor.model.audio._frozen[1].device.type == "meta"


def test_devices_by_number_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """`cuda:1` reaches the network and its constants; no such device is needed to see that."""
    asked: list[torch.device] = []
    monkeypatch.setattr(nn.Module, "to", lambda self, device, **_: asked.append(device) or self)
    tensor: Callable[..., Tensor] = torch.tensor

    def made(value: object, device: torch.device) -> Tensor:
        asked.append(device)
        return tensor(value)

    monkeypatch.setattr(torch, "tensor", made)
    extractor = Plain(Weights(()), device="cuda:1")
    assert set(asked) == {extractor.device} == {torch.device("cuda", 1)}


def test_moving_to_a_device_without_the_precision(
    plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    extractor = Plain(Weights(()), EncodeOptions("bfloat16"))
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    with pytest.raises(ExtractorError, match="the meta has no bfloat16 instructions"):
        extractor.to("meta")
    assert extractor.device == torch.device("cpu")
    plain.to("meta")  # float32 is everywhere


def test_precisions_of_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    check_precision("float32", cpu)
    with pytest.raises(
        ExtractorError, match="the cpu has no float16 kernels; use precision float32"
    ):
        check_precision("float16", cpu)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "avx2": True})
    with pytest.raises(ExtractorError, match="the cpu has no bfloat16 instructions; use precision"):
        choose("audioclip-tiny", options={"precision": "bfloat16"}).load()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    check_precision("bfloat16", cpu)


def test_precisions_of_graphics_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The named card is asked, not the current one."""
    current: list[str] = []

    class Entered:
        def __init__(self, device: torch.device) -> None:
            self._name = str(device)

        def __enter__(self) -> None:
            current.append(self._name)

        def __exit__(self, *_: object) -> None:
            current.pop()

    monkeypatch.setattr(torch.cuda, "device", Entered)
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation: not including_emulation and current == ["cuda:1"],
    )
    check_precision("bfloat16", torch.device("cuda:1"))
    check_precision("float16", torch.device("cuda:0"))
    with pytest.raises(ExtractorError, match="cuda:0 has no bfloat16; use float16 or float32"):
        check_precision("bfloat16", torch.device("cuda:0"))


@pytest.mark.usefixtures("able")
def test_bfloat16_is_close_and_its_own_features(
    tiny: TinyAudioCLIPExtractor, tiny_choice: Choice
) -> None:
    fast = choose("audioclip-tiny", options={"precision": "bfloat16"})
    assert fast.recipe != tiny_choice.recipe
    exact, near = tiny(*cells(2)), fast.load()(*cells(2))
    for key in ("visual", "audio"):
        assert torch.cosine_similarity(exact[key], near[key]).min() > 0.999
        assert not torch.equal(exact[key], near[key])
