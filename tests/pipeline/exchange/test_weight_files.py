"""Known weight files: found or not, published or not, and put in place whole."""

import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from avel.extractors import Choice, choose
from avel.extractors.sound.yamnet_files import keras_tensors
from avel.extractors.weights import registry
from avel.extractors.weights.files import WeightsError, WeightsFile, find_file
from avel.extractors.weights.registry import Published
from avel.pipeline.exchange import weight_files
from avel.pipeline.exchange.weight_files import (
    AS_A_COPY,
    OTHER,
    Known,
    Megabytes,
    add,
    known_files,
    names,
    verdict,
)
from avel.pipeline.reasons import InputError
from tests.extractors.made import mn_file
from tests.extractors.sound.test_yamnet_files import keras_arrays


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "w"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    entry = Published("w.pt", "http://127.0.0.1:1/w.pt", 5, "5" * 64, "some", "MIT")
    monkeypatch.setitem(registry.PUBLISHED, "w.pt", entry)
    return tmp_path / "w"


def test_names_are_those_that_are_looked_for_and_those_published(folder: Path) -> None:
    found = names()
    assert {"audioclip-tiny.safetensors", "AudioCLIP-Full-Training.pt", "CLIP.pt", "w.pt"} <= set(
        found
    )
    assert len(set(found)) == len(found)


def test_known_files_are_hashed_where_they_are(folder: Path) -> None:
    known = {each.name: each for each in known_files()}
    tiny = known["audioclip-tiny.safetensors"]
    assert tiny.found == find_file("audioclip-tiny.safetensors")
    assert (tiny.is_missing, tiny.problem, tiny.verdict) == (False, "", "")
    assert known["w.pt"].is_missing
    assert known["w.pt"].how_to_get == "some, 0 MB, MIT: avel weights fetch w.pt"


def test_a_file_that_is_there_and_cannot_be_used_is_not_missing() -> None:
    broken = Known("w.pt", None, "w.pt: is a git-LFS pointer of 5 bytes")
    assert not broken.is_missing
    assert broken.how_to_get == broken.problem


def test_verdicts(folder: Path) -> None:
    assert verdict("w.pt", "5" * 64) == "as published"
    assert verdict("w.pt", "6" * 64) == OTHER
    assert verdict("mine.pt", "5" * 64) == ""
    found = WeightsFile(Path("w.pt"), "user", "6" * 64)
    assert Known("w.pt", found).verdict == OTHER


def test_an_added_file_is_a_copy_and_there_at_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"12345")
    added = add(tmp_path / "mine", "w.pt")
    assert added.path == folder / "w.pt"
    assert added.path.read_bytes() == b"12345"
    assert [path.name for path in folder.iterdir()] == ["w.pt"]
    assert not os.path.samefile(added.path, tmp_path / "mine")
    with pytest.raises(
        InputError, match=r"mine: no weight file avel knows; give --as one of .*w\.pt"
    ):
        add(tmp_path / "mine")
    with pytest.raises(WeightsError, match="no such weight file"):
        add(tmp_path / "none", "w.pt")


def test_megabytes_are_counted_to_their_end(capsys: pytest.CaptureFixture[str]) -> None:
    """pooch counts whole chunks, and all of them once more at the end."""
    shown = Megabytes(5 * (1 << 20) - 7)
    for _ in range(3):
        shown.update(1 << 20)
    assert "MiB" not in capsys.readouterr().err
    shown.reset()
    shown.update(5 << 20)
    shown.close()
    assert "MiB: 5 of 5" in capsys.readouterr().err


def test_fetching_what_nobody_published(folder: Path) -> None:
    with pytest.raises(InputError, match=r"x\.pt: not a published file; there are everyday, Audio"):
        list(weight_files.fetch_published("x.pt"))


def test_verdicts_of_what_cannot_be_verified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = registry.PUBLISHED["w.pt"]
    monkeypatch.setitem(registry.PUBLISHED, "w.pt", replace(entry, of_a_copy=True))
    assert verdict("w.pt", "5" * 64) == AS_A_COPY
    assert verdict("w.pt", "6" * 64).startswith(f"{OTHER}, as far as is known: its sha256")
    monkeypatch.setitem(registry.PUBLISHED, "w.pt", replace(entry, num_bytes=None, sha256=None))
    assert verdict("w.pt", "6" * 64) == registry.UNKNOWN
    assert Known("w.pt", None, "not found").how_to_get.startswith("some, size not known, MIT: avel")
    assert Known("w.pt", None).doubt == registry.UNKNOWN
    assert Known("mine.pt", None).doubt == ""


def keras_file(path: Path) -> Path:
    """As Keras 2 writes weights: layers in their order, a group each, names with their layer's."""
    with h5py.File(path, "w") as file:
        layers: dict[str, dict[str, NDArray[np.float32]]] = {}
        for name, value in keras_arrays().items():
            layer, part = name.rsplit("/", 1)
            layers.setdefault(layer, {})[part] = value
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, parts in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in parts]
            for part, value in parts.items():
                group[f"{name}/{part}:0"] = value
    return path


def test_yamnets_keras_file_becomes_one_that_is_read(folder: Path, tmp_path: Path) -> None:
    added = add(keras_file(tmp_path / "yamnet.h5"))
    assert added.path == folder / "yamnet.safetensors"
    found = choose("yamnet")
    assert isinstance(found, Choice)
    assert found.weights.files[0].path == added.path
    expected = keras_tensors(keras_arrays(), "yamnet.h5")
    assert all(torch.equal(v, expected[k]) for k, v in load_file(added.path).items())
    heard = found.load().embed_sound(torch.zeros(1, 16_000, dtype=torch.int16))
    assert heard["audio_scores"].shape == (1, 521)
    assert heard["audio"].isfinite().all()


def test_a_keras_file_of_another_network_is_refused(folder: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        group = file.create_group("dense")
        group.attrs["weight_names"] = [b"dense/kernel:0"]
        group["dense/kernel:0"] = np.zeros((2, 2), np.float32)
    with pytest.raises(WeightsError, match=r"other\.h5: has 1 layers, YAMNet has 55"):
        add(tmp_path / "other.h5", "yamnet.h5")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(20))
    with pytest.raises(WeightsError, match=r"cut\.h5: cannot be read as HDF5"):
        add(tmp_path / "cut.h5", "yamnet.h5")
    assert not list(folder.glob("*"))


def test_a_cut_file_is_not_added(folder: Path, tmp_path: Path) -> None:
    cut = mn_file(tmp_path, "mn04")
    cut.write_bytes(cut.read_bytes()[:200_000])
    with pytest.raises(WeightsError, match=r"mn04\.pt: .*download it again"):
        add(cut, "mn04_as_mAP_432.pt")
    assert not folder.exists()
