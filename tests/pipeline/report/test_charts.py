"""Charts: everything stands where its numbers say."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.report.charts import (
    SQUARE,
    Run,
    bars,
    chart,
    confusions,
    film,
    heights_to,
    matrix,
)

NAN = float("nan")
NAMES = ["dog", "bell", "rain", "background"]


def test_points_stand_where_their_numbers_say() -> None:
    found = chart({"a": [(0, 0.0), (5, 0.5), (10, 1.0)]}, "epoch", shares=True)
    assert found is not None
    (line,) = found.lines
    assert line.points == "0.00,100.00 50.00,50.00 100.00,0.00"
    assert (line.name, line.end) == ("a", "100%")
    assert [text for text, _ in found.up] == ["0%", "25%", "50%", "75%", "100%"]
    assert found.across[0] == ("0", 0.0)
    assert found.across[-1] == ("10", 100.0)
    assert [place for _, place in found.up] == [100, 75, 50, 25, 0]


def test_heights_that_are_no_shares_reach_to_a_round_number() -> None:
    found = chart({"loss": [(0, 8.28), (1, 2.0)]}, "epoch")
    assert found is not None
    assert found.lines[0].points == "0.00,17.20 100.00,80.00"
    assert found.up[0] == ("0", 100.0)
    assert found.up[-1] == ("10", 0.0)
    assert found.lines[0].end == "2"


def test_the_last_value_is_left_out_where_it_says_nothing() -> None:
    found = chart({"rate": [(0, 8.0), (1, 2.0)]}, "minutes", ends=False)
    assert found is not None
    assert found.lines[0].end == ""


@given(st.floats(1e-6, 1e9))
def test_marks_are_round_few_and_high_enough(highest: float) -> None:
    found = heights_to(highest)
    assert found[0] == 0
    assert found[-1] >= highest * (1 - 1e-6)
    assert 3 <= len(found) <= 7
    assert found[-2] < highest * (1 + 1e-6)  # none is needless
    steps = {round((b - a) / found[1], 6) for a, b in pairwise(found)}
    assert steps == {1.0}


def test_epochs_have_whole_marks_and_thresholds_need_not() -> None:
    epochs = chart({"a": [(0, 1.0), (1, 0.5)]}, "epoch")
    shares = chart({"a": [(0.05, 1.0), (0.95, 0.5)]}, "threshold")
    assert epochs is not None
    assert shares is not None
    assert [text for text, _ in epochs.across] == ["0", "1"]
    assert [text for text, _ in shares.across] == ["0.2", "0.4", "0.6", "0.8"]


@pytest.mark.parametrize("series", [{}, {"a": []}, {"a": [(0, 1.0)]}, {"a": [(0, 1.0), (1, NAN)]}])
def test_without_two_points_there_is_no_chart(series: dict[str, list[tuple[float, float]]]) -> None:
    assert chart(series, "epoch") is None


def test_one_flat_line_is_a_chart() -> None:
    found = chart({"a": [(3, 0.0), (4, 0.0)]}, "epoch")
    assert found is not None
    assert found.lines[0].points == "0.00,100.00 100.00,100.00"


def test_bars_are_ordered_and_as_long_as_their_share() -> None:
    found = bars({"dog": 0.5, "bell": 1.0, "rain": NAN, "cat": 0.5}, {"dog": 4}, ["cat"])
    assert [(bar.name, bar.length, bar.said, bar.count, bar.faint) for bar in found] == [
        ("bell", 100, "100.0%", 0, False),
        ("cat", 50, "50.0%", 0, True),
        ("dog", 50, "50.0%", 4, False),
    ]


TRUTH = np.array([[0, 0, 0, 3], [1, 1, 3, 3]])
OWN = np.array([[0, 0, 1, 3], [3, 1, 3, 0]])


def test_the_matrix_counts_pairs() -> None:
    found = matrix(TRUTH, OWN, NAMES)
    assert found.names == ["dog", "bell", "background"]  # nobody names rain
    assert found.side == 3 * SQUARE
    shares = {(s.y // SQUARE, s.x // SQUARE): s.share for s in found.squares}
    assert shares == pytest.approx(
        {(0, 0): 2 / 3, (0, 1): 1 / 3, (1, 1): 1 / 2, (1, 2): 1 / 2, (2, 0): 1 / 3, (2, 2): 2 / 3}
    )
    assert [s.right for s in found.squares] == [s.x == s.y for s in found.squares]
    assert found.squares[1].tip == "dog taken for bell: 1 of 3"


def test_a_class_that_is_only_found_has_a_row_without_shares() -> None:
    found = matrix(np.array([[0]]), np.array([[1]]), NAMES)
    assert [(s.share, s.right) for s in found.squares] == [(1.0, False)]


def test_the_most_frequent_confusions_in_words() -> None:
    twice = np.concatenate([OWN, OWN[:1]])
    assert confusions(np.concatenate([TRUTH, TRUTH[:1]]), twice, NAMES) == [
        "dog taken for bell: 2 segments",
        "bell taken for background: 1 segments",
        "background taken for dog: 1 segments",
    ]
    assert confusions(TRUTH, TRUTH, NAMES) == []


def test_a_video_of_the_gallery() -> None:
    found = film("abc", np.array([3, 0, 0, 1]), np.array([3, 0, 1, 1]), NAMES)
    assert (found.name, found.right, found.wrong) == ("abc", 3, [2])
    assert [(run.first, run.length, run.label) for run in found.truth] == [
        (1, 2, "dog"),
        (3, 1, "bell"),
    ]
    assert [(run.first, run.length, run.label) for run in found.own] == [
        (1, 1, "dog"),
        (2, 2, "bell"),
    ]
    assert found.own[1].hue == found.truth[1].hue != found.truth[0].hue
    assert film("abc", np.array([3, 3]), np.array([3, 3]), NAMES).truth == []


@pytest.mark.parametrize(
    ("length", "label", "shown"),
    [
        (10, "Female speech, woman speaking", "Female speech, woman speaking"),
        (4, "Dotted disc, ticking", "Dotted disc, tic…"[:15] + "…"),
        (2, "Plain cross, ticking", "Plain…"),
        (1, "dog", "dog"),
        (1, "Plain cross, ticking", ""),
    ],
)
def test_labels_have_no_more_letters_than_room(length: int, label: str, shown: str) -> None:
    found = Run(0, length, label, "#000").fitting
    assert len(found) * 6.6 <= 30 * length
    assert found == label or found.endswith("…") or not found
    assert found == shown
