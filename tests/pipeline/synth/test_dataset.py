"""The synthetic AVE's folder: equal seeds give equal files, AVE's tables and splits, only what is missing."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.cache.ave_h5 import read_labels, read_order
from avel.pipeline.datasets.ave import CELLS, open_ave, segment_labels
from avel.pipeline.synth import dataset as dataset_module
from avel.pipeline.synth.dataset import _match_splits, _splits, write_synth
from avel.pipeline.synth.looks import SHIFTED
from avel.pipeline.synth.script import Script, SynthConfig, annotated_scripts, class_names
from avel.pipeline.work.workers import Crashed

CONFIG = SynthConfig(num_videos=84, seed=3)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("synth")
    assert list(write_synth(root, CONFIG, 1, only_test=2)) == [1, 2]
    return root


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, Any]]:
    """Films are empty files, given in the opposite order; what was filmed, with style and timbre."""
    made = []

    def film(script: Script, path: Path, style: object, timbre: object) -> Path:
        made.append((path.parent.name + "/" + path.stem, style, timbre))
        path.touch()
        return path

    def backwards(
        function: Callable[..., Path], jobs: Sequence[tuple[Any, ...]], workers: int
    ) -> Iterator[tuple[int, Path]]:
        yield from ((n, function(*jobs[n])) for n in reversed(range(len(jobs))))

    monkeypatch.setattr(dataset_module, "film", film)
    monkeypatch.setattr(dataset_module, "map_unordered", backwards)
    return made


def hashes(root: Path) -> dict[Path, str]:
    files = [path for path in root.rglob("*.*") if path.suffix != ".h5"]  # HDF5 keeps the time
    return {p.relative_to(root): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# Films.


def test_equal_seeds_give_equal_files(dataset: Path, tmp_path: Path) -> None:
    assert list(write_synth(tmp_path, CONFIG, 1, only_test=2)) == [1, 2]
    assert hashes(tmp_path) == hashes(dataset)
    assert sum(path.suffix == ".mp4" for path in hashes(dataset)) == 2


def test_every_video_is_filmed_once_and_counted(tmp_path: Path, quick: list[Any]) -> None:
    assert list(write_synth(tmp_path, CONFIG, 1)) == list(range(1, 98))
    names = [name for name, _, _ in quick]
    assert len(set(names)) == len(names) == 97
    assert sum(name.startswith("AVE/") for name in names) == 84
    assert sum(name.startswith("noisy/") for name in names) == 13
    data = open_ave(tmp_path)
    assert all(data.video_path(row.video_id) for row in data.rows)
    assert all(data.noisy_path(video_id) for video_id in data.noisy)


def test_what_is_there_is_kept_and_counted_as_done(tmp_path: Path, quick: list[Any]) -> None:
    list(write_synth(tmp_path, CONFIG, 1))
    lost = sorted((tmp_path / "AVE").glob("*.mp4"))[:3]
    kept = sorted((tmp_path / "AVE").glob("*.mp4"))[5]
    kept.write_bytes(b"mine")
    for path in lost:
        path.unlink()
    quick.clear()
    assert list(write_synth(tmp_path, CONFIG, 1)) == [95, 96, 97]
    assert {name for name, _, _ in quick} == {f"AVE/{path.stem}" for path in lost}
    assert kept.read_bytes() == b"mine"
    assert list(write_synth(tmp_path, CONFIG, 1)) == []


def test_style_and_timbre_are_the_configs(tmp_path: Path, quick: list[Any]) -> None:
    list(write_synth(tmp_path, SynthConfig(84, 0.0, style=SHIFTED), 1))
    assert {(style, timbre) for _, style, timbre in quick} == {(SHIFTED, CONFIG.timbre)}


@pytest.mark.parametrize(("asked", "filmed"), [(0, 0), (6, 6), (1000, 28)])
def test_only_some_of_the_test_split(
    tmp_path: Path, quick: list[Any], asked: int, filmed: int
) -> None:
    list(write_synth(tmp_path, CONFIG, 1, only_test=asked))
    data = open_ave(tmp_path)
    test_ids = {data.rows[row].video_id for row in data.splits["test"]}
    found = {name.removeprefix("AVE/") for name, _, _ in quick}
    assert found <= test_ids
    assert len(found) == filmed
    assert len(data.rows) == 85  # the tables stay whole: 84 videos, one of them with two events
    labels = {row.label for row in data.rows if row.video_id in found}
    assert len(labels) == min(filmed, 28)  # spread over the classes


def test_a_worker_that_dies_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_module, "map_unordered", lambda *_: iter([(0, Crashed())]))
    with pytest.raises(RuntimeError, match="a worker died while it wrote a video; run again to go"):
        list(write_synth(tmp_path, CONFIG, 1))


# Tables.


def test_tables_read_back(dataset: Path) -> None:
    data = open_ave(dataset)
    assert list(data.classes) == class_names()
    assert read_labels(dataset / "labels_noisy.h5").argmax(1).tolist() == [28] * len(data.noisy)
    rows = [(r.video_id, (r.label, r.start, r.end)) for r in data.rows]
    expected = [(s.video_id, row) for s in annotated_scripts(CONFIG) for row in s.rows]
    assert rows == sorted(expected, key=lambda row: row[1][0])
    assert all(
        set(segment_labels([data.rows[r] for r in order], 28).ravel()) >= {28}
        for order in data.splits.values()
    )


def test_both_forms_of_a_split_are_the_same(dataset: Path) -> None:
    lines = (dataset / "Annotations.txt").read_text().splitlines()[1:]
    for split in ("train", "val", "test"):
        order = read_order(dataset / f"{split}_order.h5", len(lines))
        listed = (dataset / f"{split}Set.txt").read_text().splitlines()
        assert listed == [lines[row] for row in order]


def test_the_record_says_what_made_it(dataset: Path) -> None:
    record = json.loads((dataset / "synth.json").read_text())
    assert record["classes"] == class_names()
    assert record["config"] == json.loads(json.dumps(asdict(CONFIG)))


# Splits.

labels_of_rows = st.lists(st.integers(0, 5), min_size=18, max_size=120)


@given(labels_of_rows, st.integers(0, 100))
def test_splits_are_disjoint_cover_and_keep_the_shares_of_classes(
    labels: list[int], seed: int
) -> None:
    splits = _splits(labels, seed)
    together = [row for split in splits.values() for row in split]
    assert sorted(together) == list(range(len(labels)))
    for label, count in Counter(labels).items():
        parts = {name: sum(labels[r] == label for r in rows) for name, rows in splits.items()}
        tenth = max(1, round(count / 10))
        assert parts["test"] == min(tenth, count)
        assert parts["val"] == min(tenth, count - parts["test"])
    for rows in splits.values():  # class after class, as AVE's order files
        assert [labels[row] for row in rows] == sorted(labels[row] for row in rows)


@settings(max_examples=20)
@given(labels_of_rows, st.integers(0, 100))
def test_splits_are_the_seeds(labels: list[int], seed: int) -> None:
    assert _splits(labels, seed) == _splits(labels, seed)


def test_another_seed_splits_otherwise() -> None:
    labels = [n // 20 for n in range(120)]
    assert _splits(labels, 1) != _splits(labels, 2)


def test_the_documented_set_shares_as_many_videos_as_docs_say() -> None:
    """Rows are drawn one by one, as AVE's were; drawing videos would change what was measured."""
    rows = [(script.video_id, *row) for script in annotated_scripts(SynthConfig()) for row in script.rows]  # fmt: skip
    rows.sort(key=lambda row: row[1])
    splits = _splits([row[1] for row in rows], 0)
    ids = {split: {rows[row][0] for row in order} for split, order in splits.items()}
    assert len(rows) - len({row[0] for row in rows}) == 6
    assert len(ids["train"] & ids["test"]) == 2
    assert len(ids["train"] & ids["val"]) == 2
    assert not ids["val"] & ids["test"]


@st.composite
def annotated_rows(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    rows = []
    for label in sorted(draw(st.lists(st.integers(0, 5), min_size=30, max_size=120))):
        start = draw(st.integers(0, CELLS))
        rows.append((label, start, draw(st.integers(start, CELLS))))
    return rows


@settings(max_examples=50)
@given(annotated_rows())
def test_match_splits_are_disjoint_and_cover_and_test_can_be_asked(
    rows: list[tuple[int, int, int]],
) -> None:
    """Only rows whose event fills a part of the video test; the first classes validate."""
    splits = _match_splits(rows)
    together = [row for split in splits.values() for row in split]
    assert sorted(together) == list(range(len(rows)))
    assert all(0 < rows[n][2] - rows[n][1] < CELLS for n in splits["test_match"])
    tenth = max(1, round(len(rows) / 10))
    assert len(splits["test_match"]) <= tenth
    assert len(splits["val_match"]) == tenth
    last_of_val = max(rows[n][0] for n in splits["val_match"])
    assert all(rows[n][0] >= last_of_val for n in splits["train_match"])
