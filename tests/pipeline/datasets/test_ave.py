"""The AVE reader against the real tables, both published forms, and every kind of broken row."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.cache.ave_h5 import LayoutError, read_labels, read_order, write_order
from avel.pipeline.datasets.ave import (
    CELLS,
    MATCH_SPLITS,
    VIDEO_FOLDERS,
    AveFolder,
    Row,
    match_file,
    open_ave,
    read_annotations,
    segment_labels,
    split_file,
    video_labels,
)
from avel.pipeline.reasons import InputError

HEADER = "Category&VideoID&Quality&StartTime&EndTime"


def test_label_rule_agrees_with_every_published_cell(ave_tables: Path) -> None:
    classes, rows = read_annotations(ave_tables / "Annotations.txt")
    assert (len(classes), len(rows)) == (28, 4143)
    labels = segment_labels(rows, 28)
    foreground = read_labels(ave_tables / "labels_closs.h5")
    np.testing.assert_array_equal(labels < 28, foreground > 0.5)
    one_hot = read_labels(ave_tables / "mil_labels.h5")
    np.testing.assert_array_equal(video_labels(rows), one_hot.argmax(1))
    assert not one_hot[:, 28].any()


def test_real_tables_hold_what_the_specification_counts(ave_tables: Path) -> None:
    data = open_ave(ave_tables)
    assert {split: len(order) for split, order in data.splits.items()} == {
        "train": 3339,
        "val": 402,
        "test": 402,
    }
    assert len({row.video_id for row in data.rows}) == 4097
    assert sum(row.video_id.startswith("-") for row in data.rows) == 1030
    assert data.classes[0] == "Church bell"
    assert data.classes[10] == "Frying (food)"
    assert (data.rows[26].start, data.rows[26].end, data.rows[26].video_id) == (0, 0, "VWi2ENBuTbw")
    labels = segment_labels([data.rows[row] for row in data.splits["test"]], 28)
    assert ((labels < 28).sum(), (labels == 28).sum()) == (3305, 715)


def test_published_splits_share_videos_that_have_two_rows(ave_tables: Path) -> None:
    """Rows were drawn one by one; the synthetic splits are no cleaner, docs/synthetic.md."""
    data = open_ave(ave_tables)
    ids = {split: {data.rows[row].video_id for row in rows} for split, rows in data.splits.items()}
    assert len(ids["train"] & ids["val"]) == 10
    assert len(ids["train"] & ids["test"]) == 8
    assert not ids["val"] & ids["test"]


def test_header_and_no_header_are_the_same_rows(ave_tables: Path, tmp_path: Path) -> None:
    text = (ave_tables / "Annotations.txt").read_text()
    with_header = tmp_path / "Annotations.txt"
    with_header.write_text(f"{HEADER}\n{text}")
    assert read_annotations(with_header) == read_annotations(ave_tables / "Annotations.txt")


def test_splits_from_listings_are_those_from_orders(ave_tables: Path, tmp_path: Path) -> None:
    lines = (ave_tables / "Annotations.txt").read_text().splitlines()
    data = open_ave(ave_tables)
    shutil.copy(ave_tables / "Annotations.txt", tmp_path)
    for split, order in data.splits.items():
        (tmp_path / f"{split}Set.txt").write_text("\n".join(lines[row] for row in order) + "\n")
    listed = open_ave(tmp_path)
    for split, order in data.splits.items():
        assert [lines[row] for row in listed.splits[split]] == [lines[row] for row in order]


def folder(tmp_path: Path, rows: list[str], orders: bool = True) -> Path:
    (tmp_path / "Annotations.txt").write_text("\n".join(rows) + "\n")
    for split in ("train", "val", "test") if orders else ():
        write_order(tmp_path / f"{split}_order.h5", range(len(rows)))
    return tmp_path


GOOD = ["Bark&-abcdefghij&good&0&10", "Frying (food), loud&bbbbbbbbbbb&good&3&7"]


def test_names_with_commas_and_ids_with_dashes(tmp_path: Path) -> None:
    data = open_ave(folder(tmp_path, GOOD))
    assert data.classes == ("Bark", "Frying (food), loud")
    (tmp_path / "AVE").mkdir()
    (tmp_path / "AVE" / "-abcdefghij.mp4").touch()
    assert data.video_path("-abcdefghij") == tmp_path / "AVE" / "-abcdefghij.mp4"
    assert data.video_path("bbbbbbbbbbb") is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Bark&aaaaaaaaaaa&good&0", r"line 3: 4 columns, expected 5 separated by '&'"),
        ("Bark,aaaaaaaaaaa,good,0,10", r"line 3: 1 columns, expected 5"),
        ("Bark&aaaaaaaaaaa&good&7&3", r"line 3: event \[7, 3\) must be whole seconds"),
        ("Bark&aaaaaaaaaaa&good&0&11", r"0 <= start <= end <= 10"),
        ("Bark&aaaaaaaaaaa&good&0.5&3", r"must be whole seconds"),
        ("Bark&../../etc/passwd&good&0&3", r"is no video id"),
    ],
)
def test_broken_rows(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_ave(folder(tmp_path, [*GOOD, row]))


def test_missing_tables(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no Annotations\.txt"):
        open_ave(tmp_path)
    with pytest.raises(InputError, match=r"neither train_order\.h5 nor trainSet\.txt"):
        open_ave(folder(tmp_path, GOOD, orders=False))


def test_empty_annotations(tmp_path: Path) -> None:
    (tmp_path / "Annotations.txt").write_text(HEADER + "\n")
    with pytest.raises(InputError, match="has no rows"):
        open_ave(tmp_path)


def test_categories_must_agree(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    (tmp_path / "categories.txt").write_text("Frying (food), loud\nBark\n")
    with pytest.raises(
        InputError, match=r"categories\.txt, line 1: 'Frying \(food\), loud', but class 0"
    ):
        open_ave(tmp_path)


def test_orders_out_of_range(tmp_path: Path) -> None:
    write_order(tmp_path / "o.h5", [0, 5])
    with pytest.raises(LayoutError, match=r"row 5 is not among the 5 annotation rows"):
        read_order(tmp_path / "o.h5", 5)
    folder(tmp_path, GOOD)
    write_order(tmp_path / "test_order.h5", [2])
    with pytest.raises(InputError, match="row 2 is not among the 2"):
        open_ave(tmp_path)


def test_wrong_h5(tmp_path: Path) -> None:
    (tmp_path / "o.h5").write_text("no hdf5")
    with pytest.raises(LayoutError, match="is not a readable HDF5 file"):
        read_order(tmp_path / "o.h5", 5)
    write_order(tmp_path / "p.h5", [0])
    with pytest.raises(LayoutError, match=r"has no dataset 'avadataset' \(datasets: order\)"):
        read_labels(tmp_path / "p.h5")


def test_listing_with_a_strange_row(tmp_path: Path) -> None:
    folder(tmp_path, GOOD, orders=False)
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}Set.txt").write_text("Bark&zzzzzzzzzzz&good&0&10\n")
    with pytest.raises(InputError, match=r"trainSet\.txt, line 1: is no row of Annotations"):
        open_ave(tmp_path)


# Labels, against a loop over cells.


@st.composite
def drawn_rows(draw: st.DrawFn, num_classes: int = 5) -> list[Row]:
    rows = []
    for number in range(draw(st.integers(0, 30))):
        start = draw(st.integers(0, CELLS))
        label, end = draw(st.integers(0, num_classes - 1)), draw(st.integers(start, CELLS))
        rows.append(Row(label, f"video{number}", start, end))
    return rows


@given(drawn_rows())
def test_label_rule_by_the_cell(rows: list[Row]) -> None:
    """Cell t of [s, e) of class c is c where s <= t < e, else background."""
    labels = segment_labels(rows, 5)
    assert (labels.dtype, labels.shape) == (np.int64, (len(rows), CELLS))
    for n, row in enumerate(rows):
        for t in range(CELLS):
            assert labels[n, t] == (row.label if row.start <= t < row.end else 5)


@given(drawn_rows())
def test_a_row_without_a_second_keeps_its_videos_class(rows: list[Row]) -> None:
    assert video_labels(rows).tolist() == [row.label for row in rows]
    empty = [row for row in rows if row.start == row.end]
    assert (segment_labels(empty, 5) == 5).all()


# Files written and read back.


@settings(max_examples=20)
@given(drawn_rows().filter(bool), st.booleans(), st.randoms(use_true_random=False))
def test_annotations_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], header: bool, rng
) -> None:
    """Classes are numbered by first appearance; blank lines and line ends do not matter."""
    names = [f"class, {n} (of five)" for n in range(5)]
    lines = [f"{names[r.label]}&{r.video_id}&good&{r.start}&{r.end}" for r in rows]
    end = rng.choice(["\n", "\r\n", "\n\n"])
    path = tmp_path_factory.mktemp("rows") / "Annotations.txt"
    path.write_bytes((end.join([HEADER] * header + lines) + end).encode())
    classes, found = read_annotations(path)
    assert [(classes[r.label], r.video_id, r.start, r.end) for r in found] == [
        (names[r.label], r.video_id, r.start, r.end) for r in rows
    ]
    first_seen = list(dict.fromkeys(names[r.label] for r in rows))
    assert list(classes) == first_seen


def test_equal_rows_in_a_listing_are_taken_one_after_another(tmp_path: Path) -> None:
    """AVE lists some rows twice; each of the two is asked for once."""
    rows = [GOOD[0], GOOD[1], GOOD[0]]
    folder(tmp_path, rows, orders=False)
    for split, lines in (
        ("train", [GOOD[0]] * 2),
        ("val", [HEADER, GOOD[1]]),
        ("test", ["", GOOD[1]]),
    ):
        (tmp_path / f"{split}Set.txt").write_text("\n".join(lines))
    splits = open_ave(tmp_path).splits
    assert splits["train"].tolist() == [0, 2]
    assert splits["val"].tolist() == splits["test"].tolist() == [1]
    assert splits["train"].dtype == np.int64


def test_orders_go_before_listings(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    (tmp_path / "testSet.txt").write_text("no row at all\n")
    assert open_ave(tmp_path).splits["test"].tolist() == [0, 1]


def test_match_splits_and_noisy_ids_where_they_are(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    data = open_ave(tmp_path)
    assert (dict(data.match_splits), data.noisy) == ({}, ())
    assert [match_file(split) for split in MATCH_SPLITS] == [
        "train_order_match.h5",
        "val_order_match.h5",
        "test_order_match.h5",
    ]
    write_order(tmp_path / "val_order_match.h5", [1])
    (tmp_path / "noisySet.txt").write_text("aaa\n\n-bb ccc\n")
    data = open_ave(tmp_path)
    assert {split: rows.tolist() for split, rows in data.match_splits.items()} == {"val_match": [1]}
    assert data.noisy == ("aaa", "-bb", "ccc")


def test_match_orders_out_of_range(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    write_order(tmp_path / "test_order_match.h5", [9])
    with pytest.raises(InputError, match=r"test_order_match\.h5.*row 9 is not among the 2"):
        open_ave(tmp_path)


def test_categories_may_name_more_classes(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    for text in ("Bark\nFrying (food), loud\n", "Bark\nFrying (food), loud\nUnused\n"):
        (tmp_path / "categories.txt").write_text(text)
        assert len(open_ave(tmp_path).classes) == 2


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("Bark", 2, "is missing"),
        ("Bark\n", 2, "is missing"),
        ("Bark\n\n", 2, "''"),
        ("", 1, "''"),
        ("Bark\nfrying\nMore\n", 2, "'frying'"),
    ],
)
def test_the_first_category_that_is_wrong_is_named(
    tmp_path: Path, text: str, line: int, found: str
) -> None:
    folder(tmp_path, GOOD)
    (tmp_path / "categories.txt").write_text(text)
    label, seen = line - 1, ("Bark", "Frying (food), loud")[line - 1]
    said = (
        f"categories.txt, line {line}: {found}, but class {label} by first appearance in "
        f"Annotations.txt is '{seen}'; list every class in that order, or delete the file"
    )
    with pytest.raises(InputError, match=re.escape(said)):
        open_ave(tmp_path)


@pytest.mark.parametrize("video_id", ["", "a/b", "a\\b", ".hidden"])
def test_ids_that_are_no_file_names(tmp_path: Path, video_id: str) -> None:
    with pytest.raises(InputError, match=r"line 3: .* is no video id"):
        open_ave(folder(tmp_path, [*GOOD, f"Bark&{video_id}&good&0&3"]))


# How tables are written.


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_marks_and_line_ends_of_tables_are_no_content(
    tmp_path: Path, mark: bytes, end: bytes
) -> None:
    """A class named mark and "Bark" would be learnt from, and found nowhere."""

    def write(name: str, lines: list[str]) -> None:
        text = "\n".join([*lines, ""]).encode().replace(b"\n", end)
        (tmp_path / name).write_bytes(mark + text)

    write("Annotations.txt", GOOD)
    write("categories.txt", ["Bark", "Frying (food), loud"])
    write("noisySet.txt", ["-noisy", "hum"])
    for split in ("train", "val", "test"):
        write(f"{split}Set.txt", GOOD[::-1])
    data = open_ave(tmp_path)
    assert data.classes == ("Bark", "Frying (food), loud")
    assert data.noisy == ("-noisy", "hum")
    assert [rows.tolist() for rows in data.splits.values()] == [[1, 0]] * 3


def test_the_trials_table_reads_as_what_it_says(trials: Path) -> None:
    classes, rows = read_annotations(trials / "Annotations_bom.txt")
    assert classes[0] == "Dog, bark"
    assert not any("\ufeff" in name for name in classes)
    assert rows[0].label == 0


@pytest.mark.parametrize(
    "name", ["Annotations.txt", "categories.txt", "noisySet.txt", "testSet.txt"]
)
def test_other_encodings_name_the_table_and_the_line(tmp_path: Path, name: str) -> None:
    root = folder(tmp_path, GOOD)
    (root / "test_order.h5").unlink()
    (root / "testSet.txt").write_text(GOOD[0] + "\n")
    before = (root / name).read_text() if (root / name).exists() else ""
    for raw, why in (
        (f"{before}gehört".encode("latin-1"), "byte 0xF6 is no UTF-8; as Latin-1"),
        (f"{before}gehört".encode("utf-16"), "is UTF-16; save the file as UTF-8"),
    ):
        (root / name).write_bytes(raw)
        with pytest.raises(InputError, match=rf"{name}, line \d.*{why}"):
            open_ave(root)


def test_the_file_of_a_split(tmp_path: Path) -> None:
    assert split_file(tmp_path, "val") == tmp_path / "valSet.txt"
    (tmp_path / "val_order.h5").touch()
    assert split_file(tmp_path, "val") == tmp_path / "val_order.h5"
    assert split_file(tmp_path, "val_match") == tmp_path / "val_order_match.h5"


# Where videos are.


@pytest.mark.parametrize("place", VIDEO_FOLDERS)
@pytest.mark.parametrize("suffix", [".mp4", ".MP4", ".mkv", ".Mov", ".VOB"])
def test_videos_are_found_in_any_of_the_places(tmp_path: Path, place: str, suffix: str) -> None:
    data = open_ave(folder(tmp_path, GOOD))
    path = tmp_path / place / f"-abcdefghij{suffix}"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert data.video_path("-abcdefghij") == path
    assert data.noisy_path("-abcdefghij") is None


def test_the_first_place_goes_before_the_others(tmp_path: Path) -> None:
    data = open_ave(folder(tmp_path, GOOD))
    for place in reversed(VIDEO_FOLDERS):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "x.mkv").touch()
        assert data.video_path("x") == tmp_path / place / "x.mkv"
    (tmp_path / "AVE" / "x.mp4").mkdir()  # a folder is no video
    assert data.video_path("x") == tmp_path / "AVE" / "x.mkv"
    (tmp_path / "noisy").mkdir()
    (tmp_path / "noisy" / "n.mp4").touch()
    assert data.noisy_path("n") == tmp_path / "noisy" / "n.mp4"
    assert data.video_path("n") is None


# What features by row number belong to.


def hash_of(rows: list[Row], classes: tuple[str, ...] = ("a", "b")) -> str:
    return AveFolder(Path(), classes, tuple(rows), {}, (), {}).sha256


def test_the_hash_is_of_classes_and_rows_alone(tmp_path: Path) -> None:
    rows = [Row(0, "x", 1, 4), Row(1, "y", 0, 10)]
    other = AveFolder(tmp_path, ("a", "b"), tuple(rows), {"test": np.array([0])}, ("n",), {})
    assert hash_of(rows) == other.sha256
    assert len(hash_of(rows)) == 64


@pytest.mark.parametrize(
    "changed",
    [
        [Row(1, "y", 0, 10), Row(0, "x", 1, 4)],
        [Row(0, "x", 1, 5), Row(1, "y", 0, 10)],
        [Row(0, "z", 1, 4), Row(1, "y", 0, 10)],
        [Row(1, "x", 1, 4), Row(1, "y", 0, 10)],
        [Row(0, "x", 1, 4)],
    ],
    ids=["order", "end", "video", "class", "fewer"],
)
def test_another_row_is_another_hash(changed: list[Row]) -> None:
    assert hash_of(changed) != hash_of([Row(0, "x", 1, 4), Row(1, "y", 0, 10)])


def test_another_name_of_a_class_is_another_hash() -> None:
    rows = [Row(0, "x", 1, 4)]
    assert hash_of(rows, ("a",)) != hash_of(rows, ("b",))
    assert hash_of(rows, ("a",)) == hash_of(rows, ("a", "unused"))
