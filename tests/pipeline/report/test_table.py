"""A table three times: for programs, for a document, for a browser."""

import csv
from pathlib import Path

import pytest

from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.report.table import markdown, table_page, write_table
from avel.pipeline.studies.bootstrap import Difference
from avel.pipeline.studies.pairs import Pair
from tests.pipeline.report.material import EVIL
from tests.pipeline.report.test_page import VOID, Page

HEADER = ["system", "accuracy, %"]
ROWS = [["dmsf", "98.2"], [EVIL, "a|b"]]


def test_all_three_have_all_cells(tmp_path: Path) -> None:
    write_table(tmp_path / "new", "board", HEADER, ROWS, ["a note"])
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"board.csv", "board.md", "board.html"}
    with (tmp_path / "new" / "board.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [HEADER, *ROWS]
    text = (tmp_path / "new" / "board.md").read_text()
    assert text == markdown(HEADER, ROWS) + "\n\na note\n"
    assert (tmp_path / "new" / "board.html").read_text() == table_page(
        "board", HEADER, ROWS, ["a note"]
    )


def test_markdown_has_as_many_columns_in_every_line() -> None:
    lines = markdown(HEADER, ROWS).splitlines()
    assert lines[0] == "| system | accuracy, % |"
    assert lines[1] == "|---|---|"
    assert lines[3].endswith("| a/b |")
    assert {line.count("|") for line in lines} == {3}


def test_the_page_escapes_every_cell() -> None:
    page = table_page(EVIL, [EVIL], [[EVIL]], [EVIL])
    assert page.count("<script>") == 1  # our own
    assert page.count("&lt;script&gt;") == 6  # title three times, head, cell, note
    assert page.lstrip().startswith("<!doctype html>")
    assert page.endswith("</html>\n")


def test_no_rows_and_no_notes() -> None:
    page = table_page("t", HEADER, [])
    assert page.count('<th scope="col">') == 2
    assert "<td>" not in page
    assert 'class="quiet"' not in page
    assert markdown(HEADER, []) == "| system | accuracy, % |\n|---|---|"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(EnvironmentProblem, match=r"board\.csv: cannot be written"):
        write_table(tmp_path / "f", "board", HEADER, ROWS)


def test_rows_are_drawn_beside_what_they_are_compared_with(tmp_path: Path) -> None:
    pairs = [
        Pair(EVIL, "full", Difference(-4.0, -14.0, 6.0), {0: -6.0, 1: -2.0}, (-20.0, 8.0)),
        Pair("sure", "full", Difference(3.0, 1.0, 5.0), {0: 3.0}, (3.0, 3.0)),
    ]
    write_table(tmp_path, "board", HEADER, ROWS, pairs=pairs)
    VOID.update({"rect", "line", "circle", "path"})
    page = Page((tmp_path / "board.html").read_text())
    assert page.texts["h2"] == ["Differences to full"]
    assert {EVIL, "1 better, 1 worse, 0 alike", "+3 (+1 to +5)"} <= set(page.texts["span"])
    kinds = [a["class"] for a in page.of("rect")]
    assert kinds == ["unsure", "better"]
    assert len([a for a in page.of("circle") if a["class"] == "seed"]) == 2
    assert "circle" not in (tmp_path / "board.md").read_text()
    assert "Differences" not in table_page("board", HEADER, ROWS)
