"""The forms in which AudioCLIP's heads are published, at the tiny shape, and bad ones."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from avel.extractors import choose
from avel.extractors.audioclip.extractor import IMAGE_MEAN, IMAGE_STD, TinyAudioCLIPExtractor
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.extractors.fold import fold_batch_norms
from avel.extractors.weights.files import WeightsError, find_file, find_weights, read_tensors
from avel.pipeline.cli import main
from avel.pipeline.method.openvocab import OpenVocabulary
from avel.pipeline.reasons import InputError
from tests import fill

TINY_FILE = find_file("audioclip-tiny.safetensors").path
SCALES = ("logit_scale_ai", "logit_scale_at")


def heads() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """CLIP's part and the audio head's, without its prefix, as their files have them."""
    tensors = load_file(TINY_FILE)
    audio = {k.removeprefix("audio."): v for k, v in tensors.items() if k.startswith("audio.")}
    clip = {k: v for k, v in tensors.items() if not k.startswith("audio.") and k not in SCALES}
    return clip, audio


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (2, 1, 3, 224, 224), generator=g, dtype=torch.uint8)
    return frames, torch.randint(-9000, 9000, (2, 44_100), generator=g, dtype=torch.int16)


def test_module_prefixes_are_stripped(tmp_path: Path) -> None:
    tensors = load_file(TINY_FILE)
    torch.save({f"module.{k}": v for k, v in tensors.items()}, tmp_path / "w.pt")
    same = choose("audioclip-tiny", [tmp_path / "w.pt"]).load()(*batch())
    ours = choose("audioclip-tiny").load()(*batch())
    assert all(torch.equal(same[key], ours[key]) for key in ours)


def test_training_checkpoints_are_unwrapped(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": load_file(TINY_FILE)}, tmp_path / "w.pt")
    assert read_tensors(tmp_path / "w.pt").keys() == load_file(TINY_FILE).keys()


def test_clip_and_audio_head_from_two_files(tmp_path: Path) -> None:
    clip, audio = heads()
    torch.save(clip, tmp_path / "CLIP.pt")
    torch.save(audio, tmp_path / "ESRNXFBSP.pt")
    two = [tmp_path / "CLIP.pt", tmp_path / "ESRNXFBSP.pt"]
    extractor = choose("audioclip-tiny", two).load()
    ours = choose("audioclip-tiny").load()(*batch())
    assert all(torch.equal(extractor(*batch())[key], ours[key]) for key in ours)
    assert extractor.text_scale("audio") == pytest.approx(100)
    assert choose("audioclip-tiny", two[::-1]).recipe != choose("audioclip-tiny", two).recipe


def test_an_audio_head_of_527_classes(tmp_path: Path) -> None:
    """Its vectors are the channels before the classifier; it shares no space with text."""
    clip, audio = heads()
    g = torch.Generator().manual_seed(1)
    audio["fc.weight"] = torch.randn(527, 256, generator=g)
    audio["fc.bias"] = torch.zeros(527)
    torch.save({**clip, **{f"audio.{k}": v for k, v in audio.items()}}, tmp_path / "w.pt")
    torch.save(clip, tmp_path / "CLIP.pt")
    torch.save(audio, tmp_path / "ESRNXFBSP.pt")
    encoder = choose("audioclip-tiny", [tmp_path / "CLIP.pt", tmp_path / "ESRNXFBSP.pt"])
    extractor = encoder.load()
    heard = extractor(*batch())["audio"]
    assert heard.shape == (2, 256)
    expected = torch.nn.functional.linear(heard, audio["fc.weight"])
    torch.testing.assert_close(extractor.model.audio(batch()[1].float()), expected)
    words = OpenVocabulary(TinyAudioCLIPExtractor.known_labels()[:1], encoder)
    with pytest.raises(
        InputError, match="shares no space with text; --labels needs AudioCLIP-Full"
    ):
        words.score(None, None)  # type: ignore[arg-type]


class Published(torch.nn.Module):
    """As OpenAI packs it: half precision, settings as scalars, in TorchScript."""

    def __init__(self, clip: AudioCLIP) -> None:
        super().__init__()
        for name, child in clip.named_children():
            if name != "audio":
                self.add_module(name, child)
        for name in ("positional_embedding", "text_projection", "logit_scale"):
            self.register_parameter(name, getattr(clip, name))
        for name, value in (
            ("input_resolution", 224),
            ("context_length", 77),
            ("vocab_size", 49408),
        ):
            self.register_buffer(name, torch.tensor(value))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.logit_scale


def torchscript(path: Path, clip: AudioCLIP | None = None) -> dict[str, torch.Tensor]:
    if clip is None:
        clip = AudioCLIP(TINY)
        clip.load_state_dict(load_file(TINY_FILE))
    packed = torch.jit.trace(Published(clip.half()), torch.zeros(1))
    packed.save(path)
    return dict(packed.state_dict())


def test_torchscript_archive(tmp_path: Path) -> None:
    expected = torchscript(tmp_path / "RN50.pt")
    found = read_tensors(tmp_path / "RN50.pt")
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    torch.save(heads()[1], tmp_path / "ESRNXFBSP.pt")
    pair = [tmp_path / "RN50.pt", tmp_path / "ESRNXFBSP.pt"]
    theirs = choose("audioclip-tiny", pair).load()(*batch())
    ours = choose("audioclip-tiny").load()(*batch())
    assert torch.cosine_similarity(theirs["visual"], ours["visual"]).min() > 0.99999
    assert torch.equal(theirs["audio"], ours["audio"])


def test_torchscript_archive_as_an_openclip_tower(tmp_path: Path) -> None:
    """The architecture from the tensors, the pre-processing CLIP's own."""
    # OpenAI's own text towers have heads of 64 channels; the tiny one's are narrower
    clip = AudioCLIP(replace(TINY, text_width=64, text_heads=1)).eval()
    torchscript(tmp_path / "RN50.pt", clip)
    choice = choose("openclip", [tmp_path / "RN50.pt"])
    assert choice.cells["image_size"] == 224
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    images = (batch()[0][:, 0].float() / 255 - mean) / std
    with torch.no_grad():
        expected = clip.float().visual(images)
    theirs = choice.load()(*batch())["visual"]
    assert torch.cosine_similarity(theirs, expected).min() > 0.99999


def test_torchscript_with_strange_objects(tmp_path: Path) -> None:
    import io
    import zipfile

    torchscript(tmp_path / "RN50.pt")
    data = io.BytesIO()
    torch.save({"x": Path("runs code")}, data)
    with zipfile.ZipFile(data) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
        evil = archive.read(name)
    with (
        zipfile.ZipFile(tmp_path / "RN50.pt") as source,
        zipfile.ZipFile(tmp_path / "evil.pt", "w") as target,
    ):
        for entry in source.infolist():
            swapped = entry.filename.endswith("/data.pkl")
            target.writestr(entry.filename, evil if swapped else source.read(entry))
    with pytest.raises(WeightsError, match=r"holds pathlib.*, which no TorchScript archive does"):
        read_tensors(tmp_path / "evil.pt")


def test_missing_heads_are_named(tmp_path: Path) -> None:
    clip, audio = heads()
    torch.save(clip, tmp_path / "CLIP.pt")
    torch.save(audio, tmp_path / "ESRNXFBSP.pt")
    for name, message in (
        ("CLIP.pt", r"has no audio head \(audio\.\*\); add its file: --weights ESRNXFBSP\.pt"),
        ("ESRNXFBSP.pt", r"has no image and text head .*add their file: --weights CLIP\.pt"),
    ):
        with pytest.raises(WeightsError, match=message):
            choose("audioclip-tiny", [tmp_path / name]).load()
    with pytest.raises(WeightsError, match=r"CLIP\.pt has .* give each head once"):
        choose("audioclip-tiny", [TINY_FILE, tmp_path / "CLIP.pt"]).load()


def test_another_models_weights(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "w.pt")
    with pytest.raises(
        WeightsError, match=r"missing audio\..* and \d+ more, unexpected bias, weight"
    ):
        choose("audioclip-tiny", [tmp_path / "w.pt"]).load()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"hello", "cannot be read as weights|holds more"), (b"", "cannot be read as weights")],
)
def test_files_that_are_no_weights(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        read_tensors(tmp_path / "w.pt")


def test_a_checkpoint_of_something_else(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "w.pt")
    with pytest.raises(WeightsError, match="holds a list that is no mapping of names to tensors"):
        read_tensors(tmp_path / "w.pt")


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    torch.save(heads()[0], tmp_path / "w.pt")
    whole = (tmp_path / "w.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        read_tensors(tmp_path / "w.pt")


def test_convert_writes_one_file_with_its_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safetensors import safe_open

    clip, audio = heads()
    torch.save(clip, tmp_path / "CLIP.pt")
    torch.save(audio, tmp_path / "ESRNXFBSP.pt")
    two = [str(tmp_path / "CLIP.pt"), str(tmp_path / "ESRNXFBSP.pt")]
    out = tmp_path / "one.safetensors"
    assert (
        main(["weights", "convert", *two, "--extractor", "audioclip-tiny", "--out", str(out)]) == 0
    )
    assert load_file(out).keys() == load_file(TINY_FILE).keys()
    with safe_open(out, "pt") as file:
        assert file.metadata()["source CLIP.pt"] == find_weights([], [Path(two[0])]).sha256
    one, both = (choose("audioclip-tiny", w).load()(*batch()) for w in ([out], map(Path, two)))
    assert all(torch.equal(one[key], both[key]) for key in one)


def test_dense_map_is_in_the_joint_space() -> None:
    plain = choose("audioclip-tiny").load()
    dense = choose("audioclip-tiny", options={"dense_map": True}).load()
    maps, joint = (e(*batch())["visual_map"].float() for e in (plain, dense))
    assert joint.shape == (2, 49, 128)
    expected = plain.model.dense_map(maps)
    torch.testing.assert_close(joint, expected, atol=2e-2, rtol=2e-2)
    text = plain.text(TinyAudioCLIPExtractor.known_labels()[:2])
    torch.testing.assert_close(
        dense.text_attention(joint, text), plain.text_attention(maps, text), atol=1e-2, rtol=1e-2
    )


def test_folding_keeps_the_outputs() -> None:
    model = AudioCLIP(TINY)
    model.load_state_dict(fill.weights(model.state_dict(), 5))
    model.eval()
    images, sound = torch.randn(2, 3, 224, 224), torch.randn(2, 44_100) * 5000
    with torch.no_grad():
        before = model.image_map(images), model.audio(sound)
        fold_batch_norms(model)
        after = model.image_map(images), model.audio(sound)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules())
    for a, b in zip(before, after, strict=True):
        assert (a - b).abs().max() < 1e-5 * a.abs().max()
