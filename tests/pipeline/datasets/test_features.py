"""Rows of a dataset as examples: which features belong to which row, cut or filled to ten segments."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.models.losses import IGNORED
from avel.pipeline.datasets.ave import CELLS, AveFolder, Row
from avel.pipeline.datasets.features import (
    FeatureRows,
    SegmentRows,
    find_rows,
    noisy_keys,
    row_key,
)
from avel.pipeline.media.cells import Segments
from avel.pipeline.method.extract import Features
from avel.pipeline.method.stores import pack
from avel.pipeline.reasons import InputError

K = 3


class Shelf(dict[str, Mapping[str, Any]]):
    """Items by key, as a store gives them."""

    stage, folder = "features", Path("cache/features/abc")

    def __init__(self, *items: Any, **config: Any) -> None:
        super().__init__(*items)
        self.recipe = {"config": config}
        self.damage: list[str] = []


class Contents:
    """The content of a file is its key."""

    def key(self, path: Path) -> str:
        return path.read_text()


def features(length: int, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)
    return Features(
        visual=rng.normal(size=(length, 6)).astype(np.float32),
        visual_map=rng.normal(size=(length, 4, 5)).astype(np.float16),
        audio=rng.normal(size=(length, 7)).astype(np.float32),
        visual_mask=rng.random(length) < 0.7,
        audio_mask=rng.random(length) < 0.7,
        duration=float(length),
        flags=("NO_AUDIO",),
    )


@pytest.fixture
def data(tmp_path: Path) -> AveFolder:
    """Four rows on three videos, of which the third has no file; and two background-only ones."""
    (tmp_path / "AVE").mkdir()
    (tmp_path / "noisy").mkdir()
    for name in ("AVE/one", "AVE/two", "noisy/quiet"):
        (tmp_path / f"{name}.mp4").write_text(f"content of {Path(name).name}")
    rows = (Row(0, "one", 0, 3), Row(1, "two", 2, 7), Row(2, "one", 5, 10), Row(1, "three", 0, 10))
    return AveFolder(tmp_path, ("a", "b", "c"), rows, {}, ("quiet", "lost"), {})


# Which features belong to a row.


def test_rows_find_their_videos_by_content(data: AveFolder) -> None:
    """Two rows of one video have one key; what is missing is named once, with the reason."""
    store = Shelf({"content of one": {}})
    found = find_rows(data, store, Contents(), range(4))  # type: ignore[arg-type]
    assert found.keys == {0: "content of one", 2: "content of one"}
    assert found.missing == {"two": "not extracted", "three": "no video file"}


def test_only_the_rows_that_are_asked_for(data: AveFolder) -> None:
    store = Shelf({"content of one": {}, "content of two": {}})
    found = find_rows(data, store, Contents(), [1])  # type: ignore[arg-type]
    assert (found.keys, found.missing) == ({1: "content of two"}, {})


def test_imported_features_are_found_by_row(data: AveFolder) -> None:
    """Neither the files nor their content are looked at: there may be no video at all."""
    store = Shelf({row_key(0): {}, row_key(3): {}}, imported="ave-h5", rows=data.sha256, noisy=0)
    found = find_rows(replace(data, root=Path("none")), store, None, range(4))  # type: ignore[arg-type]
    assert found.keys == {0: row_key(0), 3: row_key(3)}
    assert found.missing == {"two": "not imported", "one": "not imported"}


def test_features_of_other_rows_are_refused(data: AveFolder) -> None:
    store = Shelf(imported="ave-h5", rows="f" * 64, noisy=0)
    rule = (
        rf"abc: was imported for the rows ffffffffffff, .* has {data.sha256[:12]}; "
        "use the dataset folder that it was imported for"
    )
    for ask in (
        lambda: find_rows(data, store, Contents(), [0]),
        lambda: noisy_keys(data, store, Contents()),
    ):  # type: ignore[arg-type]
        with pytest.raises(InputError, match=rule):
            ask()


def test_keys_of_rows_are_fixed() -> None:
    """They are in caches: another rule would lose what was imported before."""
    assert row_key(7) == hashlib.sha256(b"row 7").hexdigest()
    assert row_key(7, "noisy") == hashlib.sha256(b"noisy 7").hexdigest()
    assert len({row_key(n, kind) for n in range(50) for kind in ("row", "noisy")}) == 100


def test_background_only_videos_that_have_features(data: AveFolder) -> None:
    store = Shelf({"content of quiet": {}})
    assert noisy_keys(data, store, Contents()) == ["content of quiet"]  # type: ignore[arg-type]
    assert noisy_keys(data, Shelf(), Contents()) == []  # type: ignore[arg-type]
    there = {row_key(0, "noisy"): {}, row_key(2, "noisy"): {}, row_key(3, "noisy"): {}}
    imported = Shelf(there, imported="ave-h5", rows=data.sha256, noisy=3)
    keys = [row_key(0, "noisy"), row_key(2, "noisy")]
    assert noisy_keys(data, imported, Contents()) == keys  # type: ignore[arg-type]


# Examples.


def rows_of(*lengths: int, rows: list[Row | None] | None = None) -> FeatureRows:
    store = Shelf({str(n): pack(features(length, n)) for n, length in enumerate(lengths)})
    given_rows = rows or [Row(n % K, str(n), 2, 6) for n in range(len(lengths))]
    return FeatureRows(store, list(store), given_rows, K)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 15), min_size=1, max_size=3))
def test_examples_are_features_cut_or_filled_to_ten(lengths: list[int]) -> None:
    examples = rows_of(*lengths)
    assert len(examples) == len(lengths)
    for index, length in enumerate(lengths):
        example, whole = examples[index], features(length, index)
        kept = min(length, CELLS)
        for name in ("audio", "visual", "visual_map"):
            tensor, array = getattr(example, name), getattr(whole, name)
            assert tensor.shape == (CELLS, *array.shape[1:])
            assert tensor.dtype == torch.from_numpy(array).dtype
            np.testing.assert_array_equal(tensor[:kept], array[:kept])
            assert not tensor[kept:].any()
        assert example.mask.tolist() == [t < kept for t in range(CELLS)]
        both = (whole.visual_mask & whole.audio_mask)[:kept].tolist()
        assert example.present.tolist() == both + [False] * (CELLS - kept)
        assert (int(example.row), int(example.other)) == (index, IGNORED)


def test_labels_of_examples() -> None:
    """A background-only video is background throughout, and its class is background too."""
    examples = rows_of(10, 10, rows=[Row(1, "v", 2, 6), None])
    assert examples[0].segments.tolist() == [K, K, 1, 1, 1, 1, K, K, K, K]
    assert examples[1].segments.tolist() == [K] * CELLS
    assert [int(examples[n].video) for n in range(2)] == examples.videos.tolist() == [1, K]
    assert examples.segments.shape == (2, CELLS)
    assert examples.background == K


def test_features_at_their_own_length() -> None:
    found = rows_of(13).features(0)
    np.testing.assert_array_equal(found.audio, features(13).audio)
    assert (found.duration, found.flags) == (13.0, ("NO_AUDIO",))


@pytest.mark.parametrize(
    ("damage", "why"), [([], "it was deleted"), (["shard 1 is torn", "item 5"], "shard 1 is torn; item 5")]
)  # fmt: skip
def test_an_item_that_was_lost_since(damage: list[str], why: str) -> None:
    store = Shelf()
    store.damage = damage
    examples = FeatureRows(store, ["0123456789abcdef"], [Row(0, "v", 0, 1)], K)  # type: ignore[arg-type]
    rule = rf"features 0123456789ab cannot be read \({why}\); run `avel extract` again"
    with pytest.raises(LookupError, match=rule):
        examples[0]


def test_segments_before_any_encoder() -> None:
    rng = np.random.default_rng(0)
    segments = Segments(
        frames=rng.integers(0, 255, (4, 2, 3, 8, 8), np.uint8),
        samples=rng.integers(-99, 99, (4, 16), np.int16),
        visual_mask=np.array([True, True, False, True]),
        audio_mask=np.array([True, False, True, True]),
        duration=4.0,
    )
    example = SegmentRows(Shelf({"a": pack(segments)}), ["a"], [Row(0, "v", 0, 3)], K)[0]  # type: ignore[arg-type]
    assert example.visual_map.dtype == torch.uint8
    np.testing.assert_array_equal(example.visual_map[:4], segments.frames)
    assert example.audio.dtype == torch.int16
    np.testing.assert_array_equal(example.audio[:4], segments.samples)
    assert example.visual.shape == (CELLS, 0)
    assert example.present.tolist() == [True, False, False, True] + [False] * 6
    assert example.mask.tolist() == [True] * 4 + [False] * 6
