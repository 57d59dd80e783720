"""One contract for every extractor, with random weights in the published shapes."""

import json
from collections.abc import Callable
from pathlib import Path

import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file
from torchvision.models import vgg19

from avel.extractors import EXTRACTORS, Choice, PairChoice, choose
from avel.extractors.sound.vggish import VGGish
from avel.extractors.vision.openclip import NO_TEXT
from avel.pipeline.method.extract import CellBatches

VIT = {"layers": 2, "width": 64, "head_width": 16, "patch_size": 32, "image_size": 96}
RESNET = {"layers": [1, 1, 1, 1], "width": 16, "image_size": 64}
TIMM = {"timm_model_name": "resnet10t", "timm_pool": "avg", "timm_proj": "", "image_size": 64}
NAMES = [
    "audioclip-tiny",
    "openclip-vit",
    "openclip-resnet",
    "openclip-timm",
    "vgg19",
    "vggish",
    "vgg19+vggish",
]


def openclip_folder(folder: Path, vision: dict[str, object]) -> list[Path]:
    folder.mkdir()
    config = {"embed_dim": 512 if "timm_model_name" in vision else 24, "vision_cfg": vision}
    model = open_clip.CLIP(config["embed_dim"], vision, NO_TEXT)
    save_file(dict(model.state_dict()), folder / "open_clip_model.safetensors")
    prepared = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.25], "resize_mode": "squash"}
    prepared["interpolation"] = "bilinear"
    record = {"model_cfg": config, "preprocess_cfg": prepared}
    (folder / "open_clip_config.json").write_text(json.dumps(record))
    return [folder]


def vgg19_file(folder: Path) -> Path:
    state = {f"features.{k}": v for k, v in vgg19().features.state_dict().items()}
    torch.save({**state, "classifier.6.bias": torch.zeros(1000)}, folder / "vgg19.pth")
    return folder / "vgg19.pth"


def vggish_file(folder: Path) -> Path:
    state = VGGish().state_dict()
    torch.save({k: v for k, v in state.items() if k not in ("window", "mel")}, folder / "vggish.pt")
    return folder / "vggish.pt"


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Choice | PairChoice]:
    """An extractor of the list, its weights made on first use."""
    folder = tmp_path_factory.mktemp("weights")
    makers = {
        "audioclip-tiny": list,
        "openclip-vit": lambda: openclip_folder(folder / "vit", VIT),
        "openclip-resnet": lambda: openclip_folder(folder / "resnet", RESNET),
        "openclip-timm": lambda: openclip_folder(folder / "timm", TIMM),
        "vgg19": lambda: [vgg19_file(folder)],
        "vggish": lambda: [vggish_file(folder)],
        "vgg19+vggish": lambda: [vgg19_file(folder), vggish_file(folder)],
    }
    made: dict[str, Choice | PairChoice] = {}

    def choice(name: str) -> Choice | PairChoice:
        if name not in made:
            torch.manual_seed(0)
            made[name] = choose(name.split("-")[0] if "openclip" in name else name, makers[name]())
        return made[name]

    return choice


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest, chosen):  # type: ignore[no-untyped-def]
    """Name, choice and loaded extractor."""
    choice = chosen(request.param)
    return request.param, choice, choice.load()


def cells(choice, count: int) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[no-untyped-def]
    g = torch.Generator().manual_seed(count)
    size, rate = choice.cells.get("image_size", 224), choice.cells.get("sample_rate", 44_100)
    frames = torch.randint(0, 256, (count, 1, 3, size, size), generator=g, dtype=torch.uint8)
    return frames, torch.randint(-9000, 9000, (count, rate), generator=g, dtype=torch.int16)


SHAPES = {
    "audioclip-tiny": ((128,), (49, 512), (128,)),
    "openclip-vit": ((24,), (9, 64), (0,)),
    "openclip-resnet": ((24,), (4, 512), (0,)),
    "openclip-timm": ((512,), (4, 512), (0,)),
    "vgg19": ((512,), (49, 512), (0,)),
    "vggish": ((0,), (0, 0), (128,)),
    "vgg19+vggish": ((512,), (49, 512), (128,)),
}


def test_every_extractor_is_in_the_suite() -> None:
    assert {name.split("-")[0] for name in NAMES} >= {name.split("-")[0] for name in EXTRACTORS}


def test_shapes_and_types(case) -> None:  # type: ignore[no-untyped-def]
    name, choice, extractor = case
    visual, visual_map, audio = SHAPES[name]
    features = extractor(*cells(choice, 2))
    assert {k: (tuple(v.shape[1:]), v.dtype) for k, v in features.items()} == {
        "visual": (visual, torch.float32),
        "visual_map": (visual_map, torch.float16),
        "audio": (audio, torch.float32),
    }
    assert all(len(v) == 2 for v in features.values())


def test_cells_differ_and_do_not_depend_on_their_batch(case) -> None:  # type: ignore[no-untyped-def]
    _, choice, extractor = case
    frames, sound = cells(choice, 4)
    together, alone = extractor(frames, sound), extractor(frames[2:3], sound[2:3])
    for name, value in alone.items():
        torch.testing.assert_close(together[name][2:3].float(), value.float(), atol=2e-3, rtol=2e-3)
        assert not value.numel() or not torch.equal(together[name][0], together[name][1])


def test_is_deterministic(case) -> None:  # type: ignore[no-untyped-def]
    _, choice, extractor = case
    first, second = extractor(*cells(choice, 3)), extractor(*cells(choice, 3))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_silence_and_darkness_are_finite(case) -> None:  # type: ignore[no-untyped-def]
    _, choice, extractor = case
    frames, sound = cells(choice, 1)
    features = extractor(torch.zeros_like(frames), torch.zeros_like(sound))
    assert all(value.isfinite().all() for value in features.values())


def test_no_cells(case) -> None:  # type: ignore[no-untyped-def]
    _, choice, extractor = case
    frames, sound = cells(choice, 1)
    some, none = extractor(frames, sound), extractor(frames[:0], sound[:0])
    assert {k: v.shape[1:] for k, v in none.items()} == {k: v.shape[1:] for k, v in some.items()}
    assert all(len(value) == 0 for value in none.values())


def test_frames_of_a_cell_are_averaged(case) -> None:  # type: ignore[no-untyped-def]
    _, choice, extractor = case
    frames, sound = cells(choice, 2)
    one, other = extractor(frames[:1], sound[:1]), extractor(frames[1:], sound[:1])
    both = extractor(frames.transpose(0, 1), sound[:1])
    for key in ("visual", "visual_map"):
        mean = (one[key].float() + other[key].float()) / 2
        torch.testing.assert_close(both[key].float(), mean, atol=2e-3, rtol=2e-3)


def test_has_no_gradient_and_is_not_in_training(case) -> None:  # type: ignore[no-untyped-def]
    _, _, extractor = case
    assert not any(p.requires_grad for p in extractor.model.parameters())
    assert not any(m.training for m in extractor.model.modules())


def test_recipe_is_plain_and_names_the_extractor(case) -> None:  # type: ignore[no-untyped-def]
    name, choice, extractor = case
    assert choice.recipe == extractor.recipe == json.loads(json.dumps(extractor.recipe))
    assert choice.recipe["extractor"] == ("openclip" if "openclip" in name else name)
    other = choose(
        choice.recipe["extractor"],
        [file.path for part in parts(choice) for file in part.weights.files],
        {"compile": True},
    )
    assert other.recipe != choice.recipe


def parts(choice: Choice | PairChoice) -> list[Choice]:
    return [choice] if isinstance(choice, Choice) else [choice.sight, choice.sound]


@pytest.mark.parametrize("name", NAMES)
def test_recipe_follows_the_weights(name: str, chosen, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    choice = parts(chosen(name))[-1]
    file = choice.weights.files[0].path
    tensors = (
        load_file(file) if file.suffix == ".safetensors" else torch.load(file, weights_only=True)
    )
    first = next(key for key, value in tensors.items() if value.is_floating_point())
    tensors[first] = tensors[first] + 1
    if (record := file.parent / "open_clip_config.json").exists():
        (tmp_path / record.name).write_text(record.read_text())
    save_file(tensors, tmp_path / "open_clip_model.safetensors")
    other = choose(choice.kind.name, [tmp_path / "open_clip_model.safetensors"])
    assert other.recipe != choice.recipe


def test_features_in_training_are_refused(chosen) -> None:  # type: ignore[no-untyped-def]
    extractor = chosen("audioclip-tiny").load()
    extractor.model.visual.attnpool.requires_grad_(True)
    with pytest.raises(ValueError, match="'audioclip-tiny' has parameters in training"):
        CellBatches(extractor, 8)


def test_options_that_do_not_exist(chosen) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(
        ValueError, match="'audioclip-tiny' has no option 'speed'; it has precision"
    ):
        choose("audioclip-tiny", options={"speed": 2})
    with pytest.raises(ValueError, match="option compile='yes' has the wrong type, as in compile="):
        choose("audioclip-tiny", options={"compile": "yes"})
    with pytest.raises(ValueError, match="precision 'int4' is none of float32, bfloat16, float16"):
        choose("audioclip-tiny", options={"precision": "int4"})
    files = [file.path for part in parts(chosen("vgg19+vggish")) for file in part.weights.files]
    with pytest.raises(ValueError, match=r"'vgg19\+vggish' has no option 'dense_map'"):
        choose("vgg19+vggish", files, {"dense_map": True})


def test_encoders_without_pooling_are_not_read_for_it(  # type: ignore[no-untyped-def]
    chosen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VGG-19's file has half a gigabyte."""
    choices = [chosen(name) for name in ("vgg19+vggish", "openclip-resnet")]
    assert chosen("audioclip-tiny").pooling() is not None
    monkeypatch.setattr(Choice, "load", lambda *_: pytest.fail("was read"))
    assert [choice.pooling() for choice in choices] == [None, None]


def test_pairs_that_are_none() -> None:
    for name in ("vggish+vgg19", "vgg19+vggish+vggish"):
        with pytest.raises(ValueError, match=r"is no pair; write SIGHT\+SOUND"):
            choose(name)


def test_precision_that_the_device_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="the cpu has no float16 kernels; use precision float32"):
        choose("audioclip-tiny", options={"precision": "float16"}).load()
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    with pytest.raises(ValueError, match="the cpu has no bfloat16 instructions"):
        choose("audioclip-tiny", options={"precision": "bfloat16"}).load()


def test_bfloat16_is_close_and_its_own_features(
    chosen,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    plain = chosen("audioclip-tiny")
    fast = choose("audioclip-tiny", options={"precision": "bfloat16"})
    assert fast.recipe != plain.recipe
    batch = cells(plain, 3)
    exact, near = plain.load()(*batch), fast.load()(*batch)
    for key in ("visual", "audio"):
        assert torch.cosine_similarity(exact[key], near[key]).min() > 0.999
        assert not torch.equal(exact[key], near[key])
