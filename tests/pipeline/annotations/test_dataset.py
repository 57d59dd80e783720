"""The folder of a dataset: its tables, its films, where each second comes from, and runs that stop."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.annotations.checks import Rules
from avel.pipeline.annotations.dataset import (
    MARKER,
    PROVENANCE,
    claim_folder,
    write_dataset,
)
from avel.pipeline.annotations.films import Films
from avel.pipeline.annotations.gather import gather
from avel.pipeline.annotations.lengths import footage_of
from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.annotations.rows import Layout, Planned, plan_rows
from avel.pipeline.datasets.ave import AveFolder, open_ave, segment_labels
from avel.pipeline.datasets.examples import examples_in
from avel.pipeline.media.apart import Apart
from avel.pipeline.reasons import EnvironmentProblem, InputError, MediaError, Reason
from tests.pipeline.annotations.made import put, sheet
from tests.pipeline.media.pieces import film, numbered, seen


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    film(folder / "short.mp4", 3.0)
    film(folder / "quiet.mp4", 2.0, frames=numbered(40)[20:])
    film(folder / "long.mp4", 13.0)
    return folder


@pytest.fixture(scope="module")
def apart() -> Any:
    with Apart() as process:
        yield process


BARKS = sheet("notes/short.eaf", (0.0, 1.5, "Bark"), who="Ann")
LONG = sheet("notes/long.eaf", (1.0, 3.0, "Bark"), (11.2, 13.0, "Meow"), who="Ben")
QUIET = sheet("notes/quiet.eaf")
ALL = (BARKS, LONG, QUIET)


def planned(media: Path, apart: Apart, sheets: Sequence[Sheet] = ALL) -> Planned:
    films = Films.below(media)
    found = gather(sheets, films, lambda path: footage_of(apart, path), Rules())
    return plan_rows(found.films, ContentKeys(media / "cache").key, Layout())


def written(
    out: Path, media: Path, apart: Apart, sheets: Sequence[Sheet] = ALL, *, copied: bool = False
) -> tuple[AveFolder, Planned]:
    plan = planned(media, apart, sheets)
    assert not [why for _, why in write_dataset(out, plan, apart, copied=copied) if why]
    return open_ave(out), plan


def contents(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.suffix != ".mp4"
    }


def test_it_is_an_ave_folder(tmp_path: Path, media: Path, apart: Apart) -> None:
    data, plan = written(tmp_path / "d", media, apart)
    assert data.classes == ("Bark", "Meow")
    assert [(row.label, row.start, row.end) for row in data.rows] == [
        (0, 1, 3),
        (0, 0, 2),
        (1, 1, 3),
    ]
    assert data.splits["train"].tolist() == [0, 1, 2]
    assert [len(data.splits[split]) for split in ("val", "test")] == [0, 0]
    assert len(data.noisy) == 1
    for row in data.rows:
        assert data.video_path(row.video_id)
    assert data.noisy_path(data.noisy[0])
    assert len(plan.rows) == 4


def test_pieces_are_cut_where_the_table_says(tmp_path: Path, media: Path, apart: Apart) -> None:
    data, _ = written(tmp_path / "d", media, apart)
    early, _, late = (data.video_path(row.video_id) for row in data.rows)
    assert early
    assert late
    assert [number for _, number in seen(early)][:3] == [0, 1, 2]
    # the film's frame 100 is its tenth second's first
    assert [number for _, number in seen(late)] == list(range(100, 130))


def test_whole_films_are_linked_or_copied(tmp_path: Path, media: Path, apart: Apart) -> None:
    linked, plan = written(tmp_path / "d", media, apart)
    path = linked.video_path(plan.annotated[1].video_id)
    assert path
    assert path.is_symlink()
    assert path.resolve() == (media / "short.mp4").resolve()
    written(tmp_path / "d", media, apart, copied=True)
    assert not path.is_symlink()
    assert path.read_bytes() == (media / "short.mp4").read_bytes()
    before = path.stat().st_mtime_ns
    written(tmp_path / "d", media, apart, copied=True)
    assert path.stat().st_mtime_ns == before
    written(tmp_path / "d", media, apart)
    assert path.is_symlink()


def test_where_each_second_comes_from(tmp_path: Path, media: Path, apart: Apart) -> None:
    data, plan = written(tmp_path / "d", media, apart)
    lines = [json.loads(line) for line in (tmp_path / "d" / PROVENANCE).read_text().splitlines()]
    of: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        of.setdefault(line["video"], []).append(line)
    # as the dataset's own labels have it
    for row, labels in zip(data.rows, segment_labels(data.rows, 2).tolist(), strict=True):
        said = [line["label"] for line in of[row.video_id]]
        assert said == [(*data.classes, None)[label] for label in labels[: len(said)]]
        assert [line["cell"] for line in of[row.video_id]] == list(range(len(said)))
    assert len(lines) == 3 + 2 + 13
    meow = next(line for line in lines if line["label"] == "Meow")
    assert (meow["second"], meow["film"]) == (11, str(media / "long.mp4"))
    assert meow["by"] == [
        {"file": "notes/long.eaf", "place": "line 2", "annotator": "Ben", "label": "Meow",
         "onset": 11.2, "offset": 13.0}
    ]  # fmt: skip
    (quiet,) = {line["annotations"][0] for line in lines if line["split"] == "noisy"}
    assert quiet == "notes/quiet.eaf"
    assert plan.annotated[0].split == "train"


def test_teaching_takes_it(tmp_path: Path, media: Path, apart: Apart) -> None:
    written(tmp_path / "d", media, apart)
    examples = examples_in(tmp_path / "d")
    assert [(e.label, e.onset, e.offset) for e in examples] == [
        ("Bark", 1, 3),
        ("Bark", 0, 2),
        ("Meow", 1, 3),
        ("background", 0, None),
    ]


def test_equal_annotations_give_equal_bytes(tmp_path: Path, media: Path, apart: Apart) -> None:
    written(tmp_path / "d", media, apart)
    written(tmp_path / "e", media, apart, ALL[::-1])
    assert contents(tmp_path / "d") == contents(tmp_path / "e")


def test_a_corrected_annotation_makes_the_folder_the_new_dataset(
    tmp_path: Path, media: Path, apart: Apart
) -> None:
    _, before = written(tmp_path / "d", media, apart)
    old = {row.file: (tmp_path / "d" / row.file).stat().st_mtime_ns for row in before.rows}
    corrected = sheet("notes/long.eaf", (1.0, 3.0, "Howl"), who="Ben")
    data, after = written(tmp_path / "d", media, apart, (BARKS, corrected))
    assert data.classes == ("Bark", "Howl")
    there = {str(path.relative_to(tmp_path / "d")) for path in (tmp_path / "d").rglob("*.mp4")}
    assert there == {row.file for row in after.rows}
    for file in there & old.keys():  # what is there is not made again
        assert (tmp_path / "d" / file).stat().st_mtime_ns == old[file]


class Stopped(BaseException):
    """As a signal would."""


def test_a_run_that_stops_leaves_no_dataset_and_the_next_one_goes_on(
    tmp_path: Path, media: Path, apart: Apart
) -> None:
    out, plan = tmp_path / "d", planned(media, apart)
    whole, _ = written(tmp_path / "e", media, apart)
    for stop in range(1, len(plan.rows)):
        made = write_dataset(out, plan, apart)
        for _ in range(stop):
            next(made)
        made.close()
        with pytest.raises(InputError, match=r"has no Annotations\.txt"):
            open_ave(out)
    cut = next(row for row in plan.rows if not row.whole)
    before = (out / cut.file).stat().st_mtime_ns
    data, _ = written(out, media, apart)
    assert data.rows == whole.rows
    assert (out / cut.file).stat().st_mtime_ns == before
    assert contents(out) == contents(tmp_path / "e")


def test_a_piece_that_cannot_be_cut_is_named_and_left_out(
    tmp_path: Path, media: Path, apart: Apart
) -> None:
    class Failing:
        def ask(self, task: str, path: Path, **what: Any) -> dict[str, Any]:
            raise MediaError(Reason.DECODE_ERROR, f"{path}: is torn")

    plan = planned(media, apart)
    out = tmp_path / "d"
    said = dict(write_dataset(out, plan, Failing()))  # type: ignore[arg-type]
    why = [each for each in said.values() if each]
    assert len(why) == 2
    assert "cannot be cut out of its film" in why[0]
    assert "is torn" in why[0]
    assert [row.video_id for row in open_ave(out).rows] == [plan.annotated[1].video_id]
    torn = planned(media, apart, (LONG,))
    with pytest.raises(InputError, match=r"--out .*: not one film could be put there"):
        list(write_dataset(tmp_path / "e", torn, Failing()))  # type: ignore[arg-type]


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    put(tmp_path, "mine/notes.txt", "")
    with pytest.raises(
        InputError, match=r"--out .*mine: holds something else than a dataset of ann"
    ):
        claim_folder(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    with pytest.raises(InputError, match="is a file or lies in one"):
        claim_folder(tmp_path / "mine" / "notes.txt")
    assert claim_folder(tmp_path / "new") == []
    assert claim_folder(tmp_path / "new") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not what avel writes there"),
        ('{"schema": "x", "files": []}', "schema 'x'"),
        ('{"schema": "avel.dataset/1"}', "is not what avel writes there"),
        ('{"schema": "avel.dataset/1", "files": ["../a"]}', "names files outside of its folder"),
        (
            '{"schema": "avel.dataset/1", "files": ["/etc/passwd"]}',
            "names files outside of its fol",
        ),
    ],
)
def test_a_marker_that_is_none(tmp_path: Path, text: str, words: str) -> None:
    put(tmp_path, MARKER, text)
    with pytest.raises(InputError, match=words):
        claim_folder(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path, media: Path, apart: Apart) -> None:
    (tmp_path / "d").mkdir(mode=0o500)
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        list(write_dataset(tmp_path / "d", planned(media, apart), apart))


def test_a_full_disk(tmp_path: Path, media: Path, apart: Apart, monkeypatch: Any) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    plan = planned(media, apart)
    monkeypatch.setattr(Path, "symlink_to", full)
    with pytest.raises(
        EnvironmentProblem, match=r"d: cannot be written \(No space left on device\)"
    ):
        list(write_dataset(tmp_path / "d", plan, apart))
