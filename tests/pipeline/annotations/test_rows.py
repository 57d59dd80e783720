"""Corrected films as rows: names, pieces, splits, and what AVE's tables cannot hold."""

from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest

from avel.pipeline.annotations.gather import Corrected
from avel.pipeline.annotations.rows import Layout, Planned, plan_rows
from avel.pipeline.annotations.spans import Span
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import TEN
from tests.pipeline.annotations.test_spans import spans


def film(name: str, *given: tuple[float, float, str], seconds: float = 10) -> Corrected:
    footage = replace(TEN, duration=Fraction(seconds))
    return Corrected(Path(name), footage, tuple(spans(*given)), (Path("a.eaf"),))


def key_of(path: Path) -> str:
    return sha256(str(path).encode()).hexdigest()


def planned(*films: Corrected, **layout: object) -> Planned:
    return plan_rows(films, key_of, Layout(**layout))  # type: ignore[arg-type]


def table(*films: Corrected, **layout: object) -> list[str]:
    """Lines of the table, without the hashes in names."""
    lines = planned(*films, **layout).table.splitlines()[1:]
    for each in films:
        lines = [line.replace(f"-{key_of(each.path)[:8]}", "") for line in lines]
    return lines


def test_a_film_of_ten_seconds_is_a_row() -> None:
    made = planned(film("x/a.mp4", (2, 5, "Bark")))
    assert made.table.splitlines()[0] == "Category&VideoID&Quality&StartTime&EndTime"
    (row,) = made.rows
    assert row.line == f"Bark&a-{key_of(Path('x/a.mp4'))[:8]}&good&2&5"
    assert row.whole
    assert row.file == f"AVE/{row.video_id}.mp4"


def test_rows_are_grouped_by_label_and_named_after_their_pieces() -> None:
    first = film("b.mkv", (0, 4, "Meow"), (12, 15, "Bark"), seconds=19.5)
    assert table(first, film("a.mp4", (2, 5, "Bark"))) == [
        "Bark&a&good&2&5",
        "Bark&b-00010-00020&good&2&5",
        "Meow&b-00000-00010&good&0&4",
    ]
    assert planned(first).rows[0].file.endswith("-00010-00020.mp4")


def test_names_that_tables_and_systems_cannot_hold() -> None:
    for name, expected in (
        ("a b&c.mp4", "a_b_c"),
        ("...mp4", "film"),
        (".x.mp4", "x"),
        ("-a.mp4", "-a"),
        ("caf\udce9.mp4", "caf_"),
        ("n" * 150 + ".mp4", "n" * 80),
        ("吠える.mp4", "吠える"),
        ("犬" * 80 + ".mp4", "犬" * 60),  # three bytes each, and a name has 255
    ):
        (row,) = plan_rows([film(name, (0, 1, "x"))], lambda path: "0" * 64, Layout()).rows
        assert row.video_id == f"{expected}-00000000"


def test_what_shows_nothing_is_background_of_films_that_are_trained_on() -> None:
    quiet, long = film("q.mp4"), film("l.mp4", (0, 2, "Bark"), seconds=45)
    made = planned(quiet, long)
    noisy = [row for row in made.rows if not row.piece.label]
    assert len(noisy) == 5
    assert all(row.file.startswith("noisy/") for row in noisy)
    assert all("&" not in row.video_id for row in noisy)


def test_how_much_background_is_kept() -> None:
    """Films of which somebody said that nothing happens come first."""
    quiet, long = film("q.mp4"), film("l.mp4", (0, 2, "Bark"), seconds=1000)
    kept = [row for row in planned(quiet, long).rows if not row.piece.label]
    assert len(kept) == 10
    (only,) = (row for row in planned(quiet, long, background=1).rows if not row.piece.label)
    assert only.film == quiet
    assert len(planned(quiet, long, background=500).rows) == 101
    assert planned(quiet, long).rows == planned(long, quiet).rows


def test_films_held_out_give_no_background() -> None:
    films = [film(f"{n}.mp4", (0, 2, "Bark"), seconds=20) for n in range(10)]
    made = planned(*films, background=100)
    held = {row.film.path for row in made.annotated if row.split != "train"}
    assert len(held) == 2
    assert not held & {row.film.path for row in made.rows if not row.piece.label}


def test_seconds_that_are_said_to_be_background_are_so() -> None:
    assert table(film("a.mp4", (0, 4, "Background"), (5, 7, "Bark"))) == ["Bark&a&good&5&7"]


def test_a_film_that_is_there_twice() -> None:
    films = film("a.mp4", (0, 1, "x")), film("b.mp4", (5, 9, "y"))
    made = plan_rows(films, lambda path: "0" * 64, Layout())
    assert [row.film.path for row in made.rows] == [Path("a.mp4")]
    assert made.problems[0].startswith(
        "b.mp4: has the content of a.mp4; its annotations are left o"
    )


def test_what_has_no_second_is_told() -> None:
    made = planned(film("a.mp4", (0, 3, "a"), (3, 3.6, "b"), (3.7, 3.9, "c")))
    assert made.notes == (
        "a.mp4: 'c', 3.7-3.9 s, has no second: others hold for more of those it touches",
    )


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Rock & roll", "label 'Rock & roll' has an '&', which AVE's tables have between fields"),
        ("a\u200bb", "holds characters that cannot be seen; --rename it by a table"),
    ],
)
def test_labels_that_the_tables_cannot_hold(label: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        planned(replace(film("a.mp4"), spans=(Span(0, 1, label),)))


def test_no_event_at_all() -> None:
    with pytest.raises(InputError, match="no film shows an event; a dataset needs one: label it"):
        planned(film("a.mp4"))


@pytest.mark.parametrize("share", [-0.1, 0.5, 2, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(
        InputError, match=r"--held-out \(.*\) must be in \[0, 0\.5\): so large a part"
    ):
        Layout(share)


def test_a_number_of_pieces_that_is_none() -> None:
    assert Layout(background=0).background == 0
    with pytest.raises(
        InputError, match=r"--background \(-1\) must be a number of pieces, 0 or mo"
    ):
        Layout(background=-1)
