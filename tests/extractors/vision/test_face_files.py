"""The face detector's weights: read from a package that is known by content, and no other."""

import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch

from avel.extractors.vision import face_files
from avel.extractors.vision.declarations import FACE_FILES
from avel.extractors.vision.face_files import NAMES, face_tensors
from avel.extractors.vision.faces import FaceDetector
from avel.extractors.weights.files import WeightsError, find_packaged
from avel.extractors.weights.tensors import load_into


def test_the_package_fills_the_networks() -> None:
    load_into(FaceDetector(), face_tensors(), "mtcnn")
    assert "mtcnn" not in sys.modules  # nothing of it is run; it would need TensorFlow


def test_kernels_are_turned() -> None:
    state = face_tensors()
    arrays = joblib.load(find_packaged("mtcnn", "assets/weights/onet.lz4").path)
    kernel = state["output.features.conv1.weight"]
    assert kernel[7, 2, 0, 1] == arrays[0][0, 1, 2, 7]
    # the published layer reads a map column by column, ours channel by channel
    C, y, x = 5, 2, 1
    dense = state["output.features.conv5.weight"]
    assert torch.equal(
        dense[:, C * 9 + y * 3 + x], torch.from_numpy(arrays[12][(y * 3 + x) * 128 + C])
    )
    assert torch.equal(state["output.conv6_1.bias"], torch.from_numpy(arrays[-1]))


def test_layers_are_named_once() -> None:
    assert NAMES.keys() == {Path(name).stem for name in FACE_FILES}
    for names in NAMES.values():
        used = [name for name in names if name]
        assert len(set(used)) == len(used)


def test_another_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading such a file runs what it says."""
    folder = tmp_path / "other_mtcnn" / "assets" / "weights"
    folder.mkdir(parents=True)
    (tmp_path / "other_mtcnn" / "__init__.py").touch()
    for name in ("pnet", "rnet", "onet"):
        joblib.dump([np.zeros(1, np.float32)], folder / f"{name}.lz4")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(face_files, "FACE_PACKAGE", "other_mtcnn")
    monkeypatch.setattr(face_files.joblib, "load", lambda _: pytest.fail("was read"))
    with pytest.raises(
        WeightsError,
        match=r"pnet\.lz4: is not the file of other_mtcnn 1\.0\.0 \(sha256 [0-9a-f]{12}, not ea6b0c3e",
    ):
        face_tensors()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_files, "FACE_PACKAGE", "no_such_package")
    with pytest.raises(WeightsError, match=r"not found in the package no_such_package, which avel"):
        face_tensors()
