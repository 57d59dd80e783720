"""Text towers of open_clip's models, against open_clip itself."""

import json
from pathlib import Path

import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from avel.cache.fingerprint import fingerprint
from avel.extractors import choose
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.extractors.options import EncodeOptions
from avel.extractors.vision.declarations import OPENCLIP
from avel.extractors.vision.record import RECORD
from avel.extractors.vision.text import TextTower
from avel.extractors.weights.files import Weights, WeightsError
from tests.extractors.made import cells, torchscript
from tests.extractors.towers import KINDS, tower, whole

PROMPTS = ["a dog barking", "church bell", "собачий лай"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("towers")
    return {kind: tower(root / kind, kind) for kind in KINDS}


def opened(folder: Path) -> TextTower:
    found = OPENCLIP.words(OPENCLIP.find([folder]), EncodeOptions())
    assert isinstance(found, TextTower)
    return found


def record_of(folder: Path) -> dict:  # type: ignore[type-arg]
    return json.loads((folder / RECORD).read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
def test_words_are_open_clips(folders: dict[str, Path], kind: str) -> None:
    """Embeddings, scale and bias; the tower of sight is in the same space."""
    model, found = whole(kind), opened(folders[kind])
    context = KINDS[kind]["text_cfg"]["context_length"]
    tokens = open_clip.SimpleTokenizer(context_length=context)(PROMPTS)
    with torch.no_grad():
        expected = model.encode_text(tokens, normalize=True)  # type: ignore[operator]
    torch.testing.assert_close(found.text(PROMPTS), expected, atol=1e-5, rtol=1e-4)
    assert (expected[0] - expected[1]).norm() > 0.01  # or the tower would say nothing
    assert found.text_scale("visual") == pytest.approx(float(model.logit_scale.exp()))  # type: ignore[operator]
    bias = model.logit_bias
    assert found.text_bias == (None if bias is None else pytest.approx(float(bias)))  # type: ignore[arg-type]
    assert not found.hears_text


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_and_words_meet(folders: dict[str, Path], kind: str) -> None:
    """Scaled cosines of the extractor's vectors and the words are open_clip's logits."""
    choice = choose("openclip", [folders[kind]])
    frames, _ = cells(2, choice.cells["image_size"])
    seen = torch.nn.functional.normalize(choice.load().embed_sight(frames)["visual"], dim=-1)
    words = opened(folders[kind])
    logits = words.text_scale("visual") * seen @ words.text(PROMPTS).T + (words.text_bias or 0)
    context = KINDS[kind]["text_cfg"]["context_length"]
    tokens = open_clip.SimpleTokenizer(context_length=context)(PROMPTS)
    with torch.no_grad():
        expected, _ = whole(kind).get_logits(frames[:, 0].float() / 127.5 - 1, tokens)  # type: ignore[operator]
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-3)


def test_many_prompts_are_those_alone(folders: dict[str, Path]) -> None:
    """More than go through the tower at once."""
    found, prompts = opened(folders["clip"]), [f"sound {n}" for n in range(70)]
    many = found.text(prompts)
    assert many.shape == (70, 128)
    torch.testing.assert_close(many[66:67], found.text(prompts[66:67]), atol=1e-6, rtol=1e-4)


def test_no_map_of_words(folders: dict[str, Path]) -> None:
    attention = opened(folders["clip"]).text_attention(torch.zeros(3, 4, 16), torch.zeros(3, 128))
    assert attention.shape == (3, 0)


def test_an_archive_of_openais(tmp_path: Path) -> None:
    """Its tensors' shapes say all of the text tower; QuickGELU, as OpenAI trained."""
    clip = AudioCLIP(TINY.__class__(**{**vars(TINY), "text_width": 64, "text_heads": 1})).eval()
    torchscript(tmp_path / "RN50.pt", clip)
    with torch.no_grad():
        tokens = open_clip.SimpleTokenizer()(PROMPTS)
        expected = functional.normalize(clip.float().encode_text(tokens), dim=-1)
    found = opened(tmp_path / "RN50.pt")
    assert torch.cosine_similarity(found.text(PROMPTS), expected).min() > 0.99999
    assert found.text_scale("visual") == pytest.approx(float(clip.logit_scale.exp()), rel=1e-3)
    OPENCLIP.check_text(OPENCLIP.find([tmp_path / "RN50.pt"]), PROMPTS)


@pytest.mark.parametrize(
    ("kind", "words", "count"), [("clip", 76, 78), ("siglip", 63, 65), ("pe", 31, 33)]
)
def test_the_context_is_the_towers_own(
    folders: dict[str, Path], kind: str, words: int, count: int
) -> None:
    weights = OPENCLIP.find([folders[kind]])
    OPENCLIP.check_text(weights, [" ".join(["dog"] * (words - 1))])
    with pytest.raises(
        ValueError, match=rf"has {count} tokens, the text head reads {count - 1}; shorten it"
    ):
        OPENCLIP.check_text(weights, ["cat", " ".join(["dog"] * words)])


def broken(folder: Path, **model: object) -> Weights:
    """A CLIP of which the record or the tensors are changed; None takes a setting away."""
    tower(folder, "clip")
    record = record_of(folder)
    record["model_cfg"] = {
        key: value for key, value in {**record["model_cfg"], **model}.items() if value is not None
    }
    (folder / RECORD).write_text(json.dumps(record))
    return OPENCLIP.find([folder])


def test_a_record_without_text(tmp_path: Path) -> None:
    weights = broken(tmp_path / "t", text_cfg=None)
    with pytest.raises(WeightsError, match="has no text_cfg, so nothing embeds words"):
        TextTower(weights)


def test_a_text_tower_of_another_library(tmp_path: Path) -> None:
    weights = broken(tmp_path / "t", text_cfg={"hf_model_name": "roberta-base"})
    with pytest.raises(WeightsError, match=r"'roberta-base' is of another library; --labels take"):
        TextTower(weights)


def test_a_file_of_sight_alone(tmp_path: Path) -> None:
    weights = broken(tmp_path / "t")
    file = weights.files[0].path
    state = {k: v for k, v in load_file(file).items() if k.startswith("visual.")}
    save_file(state, file)
    with pytest.raises(WeightsError, match="has no text tower; --labels needs the whole model's w"):
        TextTower(weights)


def test_tensors_of_another_text_tower(tmp_path: Path) -> None:
    weights = broken(tmp_path / "t", text_cfg={**KINDS["clip"]["text_cfg"], "width": 32})
    with pytest.raises(WeightsError, match=r"is not for this model; missing none, .*other sha"):
        TextTower(weights)


def test_what_decides_embeddings_is_in_the_recipe(tmp_path: Path) -> None:
    """Another context, another tokenizer file: other words."""
    plain = OPENCLIP.text_recipe(broken(tmp_path / "a"))
    shorter = OPENCLIP.text_recipe(
        broken(tmp_path / "b", text_cfg={**KINDS["clip"]["text_cfg"], "context_length": 20})
    )
    named = {**KINDS["clip"]["text_cfg"], "hf_tokenizer_name": "timm/ViT-B-16-SigLIP"}
    weights = broken(tmp_path / "c", text_cfg=named)
    (tmp_path / "c" / "tokenizer.json").write_text("one")
    one = OPENCLIP.text_recipe(weights)
    (tmp_path / "c" / "tokenizer.json").write_text("another")
    marks = {fingerprint(r) for r in (plain, shorter, one, OPENCLIP.text_recipe(weights))}
    assert len(marks) == 4
