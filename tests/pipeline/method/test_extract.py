"""Cells through an encoder in batches: nobody's numbers depend on the company, faults cost their own."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from avel.pipeline.media.cells import Segments
from avel.pipeline.method.extract import (
    CellBatches,
    Encoded,
    Features,
    check_finite,
    encode_whole,
    join_features,
)
from avel.pipeline.reasons import MediaError, Reason
from tests.pipeline.method.stubs import StubEncoder, cells


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


@pytest.mark.parametrize("key", ["visual", "visual_map", "audio"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_named(key: str, value: float) -> None:
    features = encode_whole(StubEncoder(), [cells(4, 3)], 4)
    check_finite(features, "v.mp4")
    getattr(features, key)[2] = value
    with pytest.raises(
        MediaError, match=f"v.mp4: {key} of cell 12 is not finite; check the weights"
    ):
        check_finite(features, "v.mp4", first_cell=10)


def test_windows_join_to_the_whole() -> None:
    parts = [cells(2, 1), cells(3, 2), cells(1, 3, duration=5.5)]
    whole = encode_whole(StubEncoder(), parts, 4)
    assert whole.visual[:, 0].tolist() == [1, 1, 2, 2, 2, 3]
    assert whole.duration == 5.5
    singly = join_features([encode_whole(StubEncoder(), [part], 4) for part in parts])
    for name in ("visual", "visual_map", "audio", "visual_mask", "audio_mask"):
        np.testing.assert_array_equal(getattr(singly, name), getattr(whole, name))


def test_a_video_whose_encoder_fails_has_no_features() -> None:
    given_in: Any = [cells(2, 1), cells(2, 13)]
    with pytest.raises(
        MediaError, match="ENCODE_ERROR: the encoder failed: RuntimeError: bad picture"
    ):
        encode_whole(failing(13), given_in, 4)
