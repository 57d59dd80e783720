"""The face detector on real frames, and its steps against what they are said to do."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from avel.extractors import Choice, choose
from avel.extractors.vision import faces
from avel.extractors.vision.efficientnet_lite0 import EfficientNetLite0Extractor
from avel.extractors.vision.face_files import face_tensors
from avel.extractors.vision.faces import (
    CELL,
    MOST,
    NONE,
    SMALLEST,
    FaceDetector,
    _best,
    _moved,
    _pictures,
    _squared,
    pyramid,
)
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from tests.outside import outside

WITH_FACE = ("baby_cry_03", "speech_woman_ave_0lFf-HP86Q0", "speech_woman_train_01")
WITHOUT = ("waterfall_01", "waves_01")


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    found = FaceDetector()
    found.load_state_dict(face_tensors())
    return found.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def real() -> Path:
    return outside(Path(__file__).resolve().parents[4] / "shared" / "real")


def seconds(path: Path, count: int) -> Tensor:
    """The first pictures of a clip, as the encoder sees them."""
    config = SegmentConfig(**choose("efficientnet-lite0").cells)
    return torch.from_numpy(segment_whole(path, config).frames[:count, 0])


def test_faces_of_real_clips(detector: FaceDetector, real: Path) -> None:
    for name in WITH_FACE:
        assert detector(seconds(real / f"{name}.mp4", 4)).median() > 0, name
    for name in WITHOUT:
        assert detector(seconds(real / f"{name}.mp4", 4)).max() < -5, name


@pytest.mark.parametrize("size", [12, 16, 19, 20])
def test_a_picture_smaller_than_a_face_holds_none(detector: FaceDetector, size: int) -> None:
    assert bool(pyramid((size, size))) == (size >= SMALLEST)
    frames = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
    assert detector(frames).tolist() == [NONE, NONE]
    assert detector.boxes(frames.float())[1].shape == (0, 4)


def test_a_picture_is_judged_alone(detector: FaceDetector, real: Path) -> None:
    frames = torch.cat([seconds(real / f"{name}.mp4", 2) for name in (WITH_FACE[0], WITHOUT[0])])
    together = detector(frames)
    alone = torch.cat([detector(frame[None]) for frame in frames])
    torch.testing.assert_close(together, alone, atol=0.02, rtol=0.02)


def test_parts_change_nothing(
    detector: FaceDetector, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = torch.cat([seconds(real / f"{name}.mp4", 3) for name in (*WITH_FACE, *WITHOUT)])
    found = detector(frames)
    monkeypatch.setattr(faces, "AREA", 1 << 40)
    assert torch.equal(found, detector(frames))


def test_where_the_face_is(detector: FaceDetector, real: Path) -> None:
    """A face that is painted over is gone, and what is left is none."""
    frame = seconds(real / "baby_cry_03.mp4", 3)[2:]
    assert detector(frame)[0] > 5
    images = (frame.float() - 127.5) / 128
    owners, boxes = detector.boxes(images)
    assert owners.unique().tolist() == [0]
    hidden = frame.clone()
    for left, top, right, bottom in boxes.clamp(0, 224).int().tolist():
        hidden[..., top:bottom, left:right] = 128
    assert detector(hidden)[0] < -1


def test_nothing_to_see(detector: FaceDetector) -> None:
    plain = torch.full((2, 3, 224, 224), 99, dtype=torch.uint8)
    assert detector(plain).tolist() == [NONE, NONE]
    assert detector(plain[:, :, :40, :40]).tolist() == [NONE, NONE]


def test_sizes_of_the_pyramid() -> None:
    sizes = pyramid((224, 448))
    assert sizes[0] == (round(224 * CELL / SMALLEST), round(448 * CELL / SMALLEST))
    assert sizes[-1][0] >= CELL
    for large, small in pairwise(sizes):
        assert small[0] / large[0] == pytest.approx(0.709, abs=0.03)


def test_boxes_are_squared_around_their_middle() -> None:
    boxes = torch.tensor([[0.0, 10, 20, 20], [5, 5, 6, 9]])
    assert _squared(boxes).tolist() == [[0, 5, 20, 25], [3.5, 5, 7.5, 9]]


def test_sides_move_by_parts_of_the_box() -> None:
    boxes, offsets = torch.tensor([[0.0, 0, 20, 10]]), torch.tensor([[0.1, 0.2, -0.1, 0.5]])
    assert _moved(boxes, offsets).tolist() == [[2, 2, 18, 15]]


def test_each_picture_keeps_its_own_best() -> None:
    owners = torch.tensor([0] * 40 + [1] * 3)
    kept = torch.cat([torch.arange(40, 43), torch.arange(39, -1, -1)])
    found = _best(owners, torch.zeros(43), kept)
    assert found.tolist() == [40, 41, 42, *range(39, 39 - MOST, -1)]
    assert _best(owners[:0], torch.zeros(0), kept[:0]).tolist() == []


def test_a_cut_is_the_box_and_grey_around_the_picture() -> None:
    images = torch.randn(2, 3, 48, 48)
    whole = _pictures(images, torch.tensor([1]), torch.tensor([[0.0, 0, 48, 48]]), 24)
    torch.testing.assert_close(whole[0], functional.avg_pool2d(images[1], 2), atol=1e-5, rtol=1e-5)
    outside_it = _pictures(images, torch.tensor([0]), torch.tensor([[100.0, 0, 148, 48]]), 24)
    assert outside_it.abs().max() == 0


def test_an_encoder_that_looks_for_faces(real: Path) -> None:
    choice = choose("efficientnet-lite0", options={"faces": True})
    plain = choose("efficientnet-lite0")
    assert isinstance(choice, Choice)
    assert choice.recipe != plain.recipe
    assert len(choice.recipe["faces"]["sha256"]) == 3
    encoder = choice.load()
    assert isinstance(encoder, EfficientNetLite0Extractor)
    assert encoder.recipe == choice.recipe
    face, none = (seconds(real / f"{name}.mp4", 3)[2] for name in (WITH_FACE[0], WITHOUT[0]))
    frames = torch.stack([torch.stack([none, face]), torch.stack([none, none])])  # two cells
    found = encoder.embed_sight(frames)
    assert found["faces"].shape == (2,)
    assert found["faces"][0] > 5  # in one of its frames
    assert found["faces"][1] < -5
    expected = plain.load().embed_sight(frames)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    # views: the first one counts
    views = torch.stack([torch.stack([none, face]), torch.stack([face, none])])[:, None]
    assert (encoder.embed_sight(views)["faces"] > 0).tolist() == [False, True]
    assert encoder.embed_sight(frames[:0])["faces"].shape == (0,)


def test_no_faces_where_nobody_asked(real: Path) -> None:
    encoder = choose("efficientnet-lite0").load()
    assert "faces" not in encoder.embed_sight(torch.zeros(1, 1, 3, 64, 64, dtype=torch.uint8))
