"""Constants of TensorFlow Lite files: those written here, the published one, and damaged ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avel.extractors.weights.files import WeightsError
from avel.extractors.weights.tflite import is_tflite, read_tflite
from tests.extractors.weights.tflites import write_tflite

FLOATS = np.arange(12, dtype="<f4").reshape(1, 3, 4) / 7
EIGHT_BITS = np.array([[-128, 0, 127], [1, 2, 3]], "i1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_tflite(
        tmp_path / "m.tflite",
        {
            "a/floats": FLOATS,
            "a/eight": (EIGHT_BITS, [0.5], [0]),
            "a/shifted": (EIGHT_BITS, [0.25], [-3]),
            "a/axis": np.array([1, 2], "<i4"),
        },
    )


def test_floats_come_as_they_are_and_eight_bits_scaled(file: Path) -> None:
    found = read_tflite(file)
    assert list(found) == ["a/floats", "a/eight", "a/shifted"]  # no sizes, and nothing empty
    assert torch.equal(found["a/floats"], torch.from_numpy(FLOATS))
    assert torch.equal(found["a/eight"], torch.from_numpy(EIGHT_BITS * np.float32(0.5)))
    shifted = (EIGHT_BITS.astype(np.float32) + 3) * 0.25
    assert torch.equal(found["a/shifted"], torch.from_numpy(shifted))
    assert {value.dtype for value in found.values()} == {torch.float32}


def test_the_published_file(real_weights: Path) -> None:
    found = read_tflite(real_weights / "yamnet.tflite")
    weights = {name: value for name, value in found.items() if "/layer" in name}
    assert len(weights) == 2 * (1 + 2 * 13)
    assert found["yamnet_frames/dense/MatMul"].shape == (521, 1024)
    steps = found["yamnet_frames/dense/MatMul"] / 0.014818181283771992
    torch.testing.assert_close(steps, steps.round(), atol=1e-4, rtol=0)
    assert steps.abs().max() == 127


def test_other_files_are_none(tmp_path: Path) -> None:
    for content in (b"", b"TFL3", b"\x1c\0\0\0TFL2" + bytes(40)):
        path = tmp_path / "w.tflite"
        path.write_bytes(content)
        assert not is_tflite(path)
        with pytest.raises(WeightsError, match=r"w\.tflite: is no TensorFlow Lite file \(no TFL3"):
            read_tflite(path)


@given(st.floats(0.03, 0.999))
def test_a_cut_file_is_said_to_be_one(
    tmp_path_factory: pytest.TempPathFactory, part: float
) -> None:
    path = write_tflite(tmp_path_factory.mktemp("cut") / "m.tflite", {"a": FLOATS})
    content = path.read_bytes()
    path.write_bytes(content[: max(8, int(len(content) * part))])
    with pytest.raises(WeightsError, match=r"m\.tflite: cannot be read .*download it again"):
        read_tflite(path)


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_is_no_other_error(
    tmp_path_factory: pytest.TempPathFactory, where: int, change: int
) -> None:
    """Pointers lead anywhere then: what is not refused is a value of the file's own."""
    path = write_tflite(tmp_path_factory.mktemp("bad") / "m.tflite", {"a": FLOATS})
    content = bytearray(path.read_bytes())
    content[where % len(content)] ^= change
    path.write_bytes(content)
    try:
        assert all(value.dtype == torch.float32 for value in read_tflite(path).values())
    except WeightsError as err:
        assert "m.tflite" in str(err)  # noqa: PT017


def test_one_scale_a_channel_is_refused(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "m.tflite", {"a": (EIGHT_BITS, [0.5, 0.1], [0, 0])})
    with pytest.raises(WeightsError, match=r"2 scales for one tensor; 1 is read"):
        read_tflite(path)


def test_a_tensor_of_another_size_than_it_says(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "m.tflite", {"a": FLOATS})
    content = path.read_bytes()
    shape = np.array(FLOATS.shape, "<i4").tobytes()
    path.write_bytes(content.replace(shape, np.array([2, 3, 4], "<i4").tobytes()))
    with pytest.raises(WeightsError, match=r"cannot be read as TensorFlow Lite \(cannot reshape"):
        read_tflite(path)
