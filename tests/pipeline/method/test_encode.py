"""Cells through an encoder in batches: nobody's numbers depend on the company, faults cost their own."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from avel.pipeline.media.cells import Segments
from avel.pipeline.method.encode import CellBatches, Encoded, encode_whole
from avel.pipeline.method.extract import ARRAYS, Features
from avel.pipeline.reasons import MediaError, Reason
from tests.pipeline.method.stubs import ClassesEncoder, StubEncoder, cells, parts_of


def all_of(
    batches: CellBatches, given: Iterable[tuple[tuple[int, int], Segments]]
) -> list[Encoded]:
    found = [encoded for name, segments in given for encoded in batches.add(name, segments)]
    return [*found, *batches.finish()]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 9))
def test_windows_come_back_whole_and_in_order(lengths: list[int], batch: int) -> None:
    """Whatever the lengths and the batch: each window's own numbers, first come first served."""
    encoder = StubEncoder()
    given_in = [((number, 0), cells(n, number + 1)) for number, n in enumerate(lengths)]
    found = all_of(CellBatches(encoder, batch), given_in)
    assert [name for name, _ in found] == [name for name, _ in given_in]
    for (number, _), features in found:
        assert isinstance(features, Features)
        assert features.visual.tolist() == [[number + 1.0] * 3] * lengths[number]
    assert set(encoder.batches) == {batch}  # the last is filled up


def test_cells_with_many_frames_make_smaller_batches() -> None:
    encoder = StubEncoder()
    frames = np.zeros((3, 4, 3, 16, 16), np.uint8)
    alike = cells(3)
    segments = Segments(frames, alike.samples, alike.visual_mask, alike.audio_mask)
    all_of(CellBatches(encoder, 8), [((0, 0), segments)])
    assert encoder.batches == [2, 2]


def test_what_is_absent_is_zero() -> None:
    alike = cells(3, 5, duration=2.5)
    there = np.array([True, False, True])
    segments = Segments(alike.frames, alike.samples, there, ~there, 2.5, (Reason.TRUNCATED,))
    ((_, features),) = all_of(CellBatches(StubEncoder(), 2), [((0, 0), segments)])
    assert isinstance(features, Features)
    assert features.visual[:, 0].tolist() == [5, 0, 5]
    assert features.visual_map[:, 0, 0].tolist() == [5, 0, 5]
    assert features.audio[:, 0].tolist() == [0, 5, 0]
    assert (features.duration, features.flags) == (2.5, (Reason.TRUNCATED,))


def test_encoders_in_training_are_refused() -> None:
    encoder = StubEncoder()
    encoder.model = nn.Linear(1, 1)
    with pytest.raises(
        ValueError, match="'stub' has parameters in training; features that go into"
    ):
        CellBatches(encoder, 2)


def failing(*values: int, error: Exception | None = None) -> StubEncoder:
    """An encoder that cannot take pictures of some value."""

    def fault(frames: Tensor) -> None:
        if torch.isin(frames, torch.tensor(values, dtype=torch.uint8)).any():
            raise error or RuntimeError("bad picture")

    return StubEncoder(fault)


@pytest.mark.parametrize("batch", [1, 2, 5, 32])
def test_a_window_that_fails_costs_itself(batch: int) -> None:
    given_in = [((n, 0), cells(2, n + 1)) for n in range(4)]
    found = dict(all_of(CellBatches(failing(2), batch), given_in))
    assert isinstance(failed := found[1, 0], MediaError)
    assert failed.reason == Reason.ENCODE_ERROR
    for n in (0, 2, 3):
        assert isinstance(good := found[n, 0], Features)
        assert good.visual[:, 0].tolist() == [n + 1.0] * 2


def test_torchs_own_out_of_memory_halves_the_batch() -> None:
    def fault(frames: Tensor) -> None:
        if len(frames) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    encoder = StubEncoder(fault)
    ((_, features),) = all_of(CellBatches(encoder, 12), [((0, 0), cells(7, 9))])
    assert isinstance(features, Features)
    assert features.visual[:, 0].tolist() == [9] * 7
    assert encoder.batches == [12, 6, 3, 3, 3]


def test_the_cpus_allocator_counts_as_memory() -> None:
    error = RuntimeError(
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
    )
    ((_, failed),) = all_of(CellBatches(failing(7, error=error), 1), [((0, 0), cells(1, 7))])
    assert isinstance(failed, MediaError)
    assert failed.reason == Reason.OOM


def test_a_video_whose_encoder_fails_has_no_features() -> None:
    given_in: Any = [cells(2, 1), cells(2, 13)]
    with pytest.raises(
        MediaError, match="ENCODE_ERROR: the encoder failed: RuntimeError: bad picture"
    ):
        encode_whole(failing(13), given_in, 4)


# Windows of sound, views, and the logits of classes.


def counted(T: int, *, duration: float = 0.0, views: int = 0) -> Segments:
    """A video whose cell t shows and sounds t + 1; view v shows 10 v more."""
    numbers = np.arange(1, T + 1)
    one = np.broadcast_to(numbers[:, None, None, None, None], (T, 1, 3, 16, 16)).astype(np.uint8)
    frames = np.stack([one + 10 * v for v in range(views + 1)], 2) if views else one
    samples = np.broadcast_to(numbers[:, None], (T, 4_000)).astype(np.int16)
    there = np.ones(T, bool)
    return Segments(frames, samples, there, there, duration)


def test_each_window_of_sound_is_encoded_and_stands_beside_the_others() -> None:
    """Cells sound their number: windows of 1 and 3 s begin and end with these."""
    features = encode_whole(ClassesEncoder(), [counted(5)], 4, (1, 3))
    assert features.audio.tolist() == [
        [1, 1, 1, 3],
        [2, 2, 1, 3],
        [3, 3, 2, 4],
        [4, 4, 3, 5],
        [5, 5, 3, 5],
    ]
    assert features.audio_scores is not None
    assert features.audio_scores.shape == (5, 2, 3)
    assert features.audio_scores[1].tolist() == [[2, 2, -2], [1, 3, -3]]


def test_sound_alone_has_one_window() -> None:
    features = encode_whole(ClassesEncoder(), [counted(3)], 4)
    assert features.audio.tolist() == [[1, 1], [2, 2], [3, 3]]
    assert features.audio_scores is not None
    assert features.audio_scores[:, 0].tolist() == [[1, 1, -1], [2, 2, -2], [3, 3, -3]]


def test_views_are_scored_and_the_fitted_one_is_the_feature() -> None:
    features = encode_whole(ClassesEncoder(), [counted(3, views=2)], 4)
    assert features.visual[:, 0].tolist() == [1, 2, 3]
    assert features.visual_scores is not None
    assert features.visual_scores.shape == (3, 3, 2)
    assert features.visual_scores[1].tolist() == [[2, -2], [12, -12], [22, -22]]
    assert features.faces is not None
    assert features.faces.tolist() == [1, 2, 3]


def test_an_encoder_without_classes_gives_no_scores() -> None:
    features = encode_whole(StubEncoder(), [cells(2, 1)], 4)
    assert (features.visual_scores, features.audio_scores, features.faces) == (None,) * 3


def test_a_window_that_several_cells_hear_is_encoded_once() -> None:
    """A video of 3 s in windows of 4 and 10: one stretch, and one call of one row."""
    encoder = ClassesEncoder()
    features = encode_whole(encoder, [counted(3)], 32, (4, 10))
    assert encoder.heard == [(1, 12_000)]
    assert features.audio.tolist() == [[1, 3, 1, 3]] * 3
    encoder = ClassesEncoder()
    encode_whole(encoder, [counted(6)], 8, (4,))
    assert encoder.heard == [(2, 16_000), (2, 16_000)]  # four different ones, of six cells


def test_batches_of_sound_have_as_many_seconds() -> None:
    encoder = ClassesEncoder()
    encode_whole(encoder, [counted(40)], 8, (1, 2, 10))
    seconds = {(rows, samples // 4_000) for rows, samples in encoder.heard}
    assert seconds == {(8, 1), (4, 2), (1, 10)}  # of ten seconds at least one


def test_batches_of_pictures_count_every_view() -> None:
    encoder = ClassesEncoder()
    encode_whole(encoder, [counted(3, views=3)], 8)
    assert encoder.batches == [2, 2]


def test_what_is_absent_is_zero_in_scores_too() -> None:
    """And is not asked of the encoder, but for one cell where nothing is there."""
    there = np.array([False, True, False])
    alike = counted(3)
    encoder = ClassesEncoder()
    part = Segments(alike.frames, alike.samples, there, ~there)
    features = encode_whole(encoder, [part], 1, (1,))
    assert features.visual_scores is not None
    assert features.audio_scores is not None
    assert features.faces is not None
    assert features.visual_scores[:, 0, 0].tolist() == [0, 2, 0]
    assert features.audio_scores[:, 0, 0].tolist() == [1, 0, 3]
    assert features.faces.tolist() == [0, 2, 0]
    assert (encoder.batches, len(encoder.heard)) == ([1], 2)
    nothing = Segments(alike.frames, alike.samples, there & ~there, there & ~there)
    features = encode_whole(ClassesEncoder(), [nothing], 1, (1, 2))
    assert features.audio.tolist() == [[0] * 4] * 3
    assert not features.visual.any()


@given(
    st.integers(1, 14),
    st.lists(st.integers(1, 12), max_size=3, unique=True),
    st.integers(1, 6),
    st.integers(1, 9),
)
def test_windows_of_decoding_change_nothing(
    T: int, lengths: list[int], window: int, batch: int
) -> None:
    """Streamed is whole: whatever the pieces, the lengths and the batch."""
    whole = counted(T, duration=T + 0.25)
    expected = encode_whole(ClassesEncoder(), [whole], batch, lengths)
    found = encode_whole(ClassesEncoder(), parts_of(whole, lengths, window), batch, lengths)
    for name in (*ARRAYS, "visual_mask", "audio_mask"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
    assert found.duration == T + 0.25


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 4)), min_size=1, max_size=4),
    st.lists(st.integers(1, 7), max_size=2, unique=True),
    st.integers(1, 8),
)
def test_windows_of_a_video_come_in_their_order(
    videos: list[tuple[int, int]], lengths: list[int], batch: int
) -> None:
    """Long videos are streamed as windows come, so none may overtake another of its video."""
    batches, found = CellBatches(ClassesEncoder(), batch, lengths), []
    pieces = [parts_of(counted(T), lengths, window) for T, window in videos]
    for number in range(max(map(len, pieces))):
        for video, parts in enumerate(pieces):
            if number < len(parts):
                found += [name for name, _ in batches.add((video, number), parts[number])]
    found += [name for name, _ in batches.finish()]
    for video, parts in enumerate(pieces):
        assert [n for v, n in found if v == video] == list(range(len(parts)))


@pytest.mark.parametrize("side", ["sight", "sound"])
def test_a_window_that_fails_on_one_side_is_given_up_on_both(side: str) -> None:
    class Failing(ClassesEncoder):
        def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
            if side == "sight" and (frames == 9).any():
                raise RuntimeError("bad picture")
            return super().embed_sight(frames)

        def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
            if side == "sound" and (samples == 9).any():
                raise RuntimeError("bad sound")
            return super().embed_sound(samples)

    batches = CellBatches(Failing(), 3, (2,))
    found = dict(all_of(batches, [((n, 0), counted(k)) for n, k in enumerate((4, 9, 5))]))
    assert isinstance(failed := found[1, 0], MediaError)
    assert failed.reason == Reason.ENCODE_ERROR
    for n, k in ((0, 4), (2, 5)):
        assert isinstance(good := found[n, 0], Features)
        assert good.visual[:, 0].tolist() == list(range(1, k + 1))
    assert len(found) == 3


# Sound that an encoder cuts by itself.


class CuttingEncoder(ClassesEncoder):
    """Takes each stretch's first and last sample, (2, 1), and refuses a sound in which 9 is."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.cuts, self._error = 0, error or RuntimeError("bad sound")

    def cut_sound(  # type: ignore[override]
        self, cells: NDArray[np.int16], spans: Sequence[tuple[int, int]]
    ) -> list[NDArray[np.int16]]:
        self.cuts += 1
        if (cells == 9).any():
            raise self._error
        flat = cells.reshape(-1)
        return [flat[[start, start + length - 1]][:, None] for start, length in spans]

    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        return super().embed_sound(samples[..., 0] if samples.dim() == 3 else samples)


@given(
    st.integers(1, 8),
    st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True).filter(lambda s: s != [1]),
    st.integers(1, 6),
    st.integers(1, 9),
)
def test_what_is_cut_goes_the_way_of_samples(
    T: int, lengths: list[int], window: int, batch: int
) -> None:
    """To the same cells, whatever the pieces; each window of cells is cut at once."""
    plain, cutting = ClassesEncoder(), CuttingEncoder()
    given_in = parts_of(counted(T, duration=T), lengths, window)
    expected = encode_whole(plain, given_in, batch, lengths)
    found = encode_whole(cutting, given_in, batch, lengths)  # type: ignore[arg-type]
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
    assert cutting.cuts == len(given_in)
    assert {samples for _, samples in cutting.heard} == {2}


@pytest.mark.parametrize("lengths", [(), (1,)])
def test_nothing_is_cut_where_nothing_overlaps(lengths: tuple[int, ...]) -> None:
    encoder = CuttingEncoder()
    encode_whole(encoder, [counted(3)], 4, lengths)  # type: ignore[arg-type]
    assert encoder.cuts == 0
    assert {samples for _, samples in encoder.heard} == {4_000}


@pytest.mark.parametrize(
    ("error", "reason"), [(None, Reason.ENCODE_ERROR), (MemoryError("no room"), Reason.OOM)]
)
def test_sound_that_cannot_be_cut_costs_its_window(error: Exception | None, reason: Reason) -> None:
    batches: Any = CellBatches(CuttingEncoder(error), 3, (2,))  # type: ignore[arg-type]
    found = dict(all_of(batches, [((n, 0), counted(k)) for n, k in enumerate((4, 9, 5))]))
    assert isinstance(failed := found[1, 0], MediaError)
    assert failed.reason == reason
    for n, k in ((0, 4), (2, 5)):
        assert isinstance(good := found[n, 0], Features)
        assert good.visual[:, 0].tolist() == list(range(1, k + 1))
    assert len(found) == 3
