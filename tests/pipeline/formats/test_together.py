"""One file of all results: in the inputs' order, whole or not at all, without keeping them."""

import csv
import json
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.csv import CSV
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.together import Together
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import EnvironmentProblem
from tests.pipeline.formats.results import STRANGE, failed, plain, strange


@given(st.permutations(range(7)), st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_any_order_of_coming_gives_the_order_of_the_inputs(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], events: list[int]
) -> None:
    path = tmp_path_factory.mktemp("t") / "events.csv"
    results = [plain(f"{n}.mp4", events[n]) for n in range(7)]
    with Together(path, CSV) as together:
        for number in order:
            together.add(number, Entry(results[number]))
    assert path.read_text() == CSV.write(map(Entry, results))
    assert [p.name for p in path.parent.iterdir()] == ["events.csv"]


def test_texts_of_many_bytes_and_lines_stay_in_one_piece(tmp_path: Path) -> None:
    with Together(tmp_path / "e.csv", CSV) as together:
        for number in (2, 0, 1):
            together.add(number, Entry([strange(), failed(), strange("ü.mp4")][number]))
    with (tmp_path / "e.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["file", "b,c.mp4", "ü.mp4"]
    assert rows[2][3] == STRANGE


def test_nothing_came(tmp_path: Path) -> None:
    with Together(tmp_path / "e.csv", CSV):
        pass
    assert (tmp_path / "e.csv").read_text() == CSV.head


def test_an_error_leaves_the_earlier_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("earlier")
    with pytest.raises(KeyboardInterrupt), Together(tmp_path / "e.csv", CSV) as together:
        together.add(0, Entry(plain()))
        assert (tmp_path / "e.csv").read_text() == "earlier"
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["e.csv"]
    assert (tmp_path / "e.csv").read_text() == "earlier"


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with (
        pytest.raises(EnvironmentProblem, match=r"e\.csv: cannot be written \(No such file"),
        Together(tmp_path / "none" / "e.csv", CSV),
    ):
        raise AssertionError("not reached")


def test_a_disk_that_fills_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with (
        pytest.raises(EnvironmentProblem, match=r"e\.csv: cannot be written \(No space left"),
        Together(tmp_path / "e.csv", CSV) as together,
    ):
        together.add(0, Entry(plain()))
    assert not list(tmp_path.iterdir())


def test_what_is_held_of_a_result_is_sixteen_bytes(tmp_path: Path) -> None:
    """However long its text is."""
    long = Format(".txt", "", "", "", "", "", body=lambda entry: entry.result.message)
    order = random.Random(0).sample(range(500), 500)
    with Together(tmp_path / "t.txt", long) as together:
        for number in order:
            together.add(number, Entry(Result("f", "ok", message=f"{number:09d}" * 100)))
        held = sum(map(sys.getsizeof, (together._texts._numbers, together._texts._ends)))
    assert held < 500 * 16 * 1.3 + 200
    text = (tmp_path / "t.txt").read_text()
    assert text == "".join(f"{number:09d}" * 100 for number in range(500))


@given(st.permutations(range(5)), st.sets(st.integers(0, 4)))
def test_what_stands_between_two_videos_stands_between_those_that_have_a_text(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], said: set[int]
) -> None:
    path = tmp_path_factory.mktemp("t") / "events.json"
    form = Format(
        ".json", "", "", "", "", "",
        body=lambda entry: entry.result.message,
        head="[", between=", ", tail="]\n", together=True,
    )  # fmt: skip
    entries = [Entry(Result("f", "ok", message=str(n) if n in said else "")) for n in range(5)]
    with Together(path, form) as together:
        for number in order:
            together.add(number, entries[number])
    assert json.loads(path.read_text()) == sorted(said)
    assert path.read_text() == form.write(entries)
