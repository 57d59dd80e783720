"""Stretches to cells, by AVE's rule."""

from hypothesis import given

from avel.pipeline.annotations.cells import cells_of
from avel.pipeline.annotations.spans import Span, joined, won
from avel.pipeline.datasets.ave import Row, segment_labels
from tests.pipeline.annotations.test_spans import SPANS, spans


def letters(*given_: tuple[float, float, str], num_cells: int = 6) -> str:
    labels = cells_of(spans(*given_), num_cells).labels
    return "".join(label or "." for label in labels)


def test_whole_seconds_are_aves_rule() -> None:
    assert letters((1, 4, "a")) == ".aaa.."
    rows = segment_labels([Row(0, "x", 1, 4)], 1)[0, :6].tolist()
    assert letters((1, 4, "a")) == "".join("a."[label] for label in rows)


def test_half_a_second_is_enough() -> None:
    assert letters((0.5, 3.5, "a")) == "aaaa.."
    assert letters((0.51, 3.49, "a")) == ".aa..."


def test_the_label_that_holds_for_most_of_it() -> None:
    assert letters((0, 1.4, "a"), (1.4, 3, "b")) == "abb..."
    assert letters((0, 0.4, "a"), (0.5, 0.9, "a"), (0.9, 1, "b")) == "a....."


def test_what_fills_half_of_no_cell_has_the_one_it_fills_most() -> None:
    assert letters((1.8, 2.1, "a")) == ".a...."
    assert letters((1.95, 2.3, "a")) == "..a..."


def test_what_nothing_is_left_for_is_named() -> None:
    found = cells_of(spans((0, 3, "a"), (3.0, 3.6, "b"), (3.7, 3.9, "c")), 6)
    assert found.labels == ["a", "a", "a", "b", None, None]
    assert found.lost == spans((3.7, 3.9, "c"))


def test_what_lies_behind_the_last_cell_is_named() -> None:
    assert cells_of(spans((6.02, 6.09, "a")), 6).lost == spans((6.02, 6.09, "a"))


@given(SPANS)
def test_each_cell_shows_what_fills_half_of_it(given_: list[Span]) -> None:
    found = won(joined(given_))
    cells = cells_of(found, 23)
    for cell, shown in enumerate(cells.shows):
        filled: dict[str, float] = {}
        for span in found:
            share = min(cell + 1, span.offset) - max(cell, span.onset)
            filled[span.label] = filled.get(span.label, 0) + max(0, share)
        most = max(filled.values(), default=0)
        if most >= 0.5:
            assert shown is not None
            assert filled[shown.label] == most
    for span in found:
        if span not in cells.lost:
            assert span.label in cells.labels[int(span.onset) : int(span.offset) + 1]
