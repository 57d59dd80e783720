"""The AVE reader against the real tables, both published forms, and every kind of broken row."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from avel.cache.ave_h5 import LayoutError, read_labels, read_order, write_order
from avel.pipeline.datasets.ave import (
    open_ave,
    read_annotations,
    segment_labels,
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


def test_order_indices_out_of_range(bench: tuple[Path, Path], tmp_path: Path) -> None:
    for path in bench[0].glob("*.*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    write_order(tmp_path / "test_order_match.h5", [0, 72])
    with pytest.raises(InputError, match=r"test_order_match.h5: row 72 is not among the 72"):
        open_ave(tmp_path)
