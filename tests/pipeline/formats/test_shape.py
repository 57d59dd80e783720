"""A format's file is its head, the texts of its videos with what stands between, and its tail."""

from fractions import Fraction

import pytest

from avel.pipeline.formats.shape import Entry, Format, joined
from avel.pipeline.media.footage import Footage
from tests.pipeline.formats.results import plain


def form(**given: object) -> Format:
    words = dict.fromkeys(("opens", "times", "score", "label", "overlap"), "")
    body = lambda entry: f"{entry.result.file}\n"  # noqa: E731
    return Format(".x", **words, body=body, **given)  # type: ignore[arg-type]


def test_the_head_stands_once_before_all() -> None:
    entries = [Entry(plain("a")), Entry(plain("b"))]
    assert form(head="HEAD\n").write(entries) == "HEAD\na\nb\n"
    assert form(head="HEAD\n").write([]) == "HEAD\n"


def test_what_stands_between_stands_nowhere_else() -> None:
    entries = [Entry(plain(name)) for name in "abc"]
    written = form(head="[", between=",", tail="]").write(entries)
    assert written == "[a\n,b\n,c\n]"
    assert list(joined(["", "a", "", "b", ""], "+")) == ["a", "+b"]


def test_a_file_for_each_is_the_rule() -> None:
    assert not form().together
    assert not form().counts_frames
    assert form().cautions(Entry(plain())) == ()


@pytest.mark.parametrize(
    ("file", "name"),
    [("a/b.mp4", "b"), (".mp4", ".mp4"), ("/", "video"), ("x.tar.gz", "x.tar")],
)
def test_a_video_has_a_short_name(file: str, name: str) -> None:
    assert Entry(plain(file)).name == name
    assert Entry(plain(file), "given").name == "given"


def test_frames_are_counted_at_25_a_second_where_nothing_is_known() -> None:
    assert Entry(plain()).frames.frame_rate == 25
    film = Footage(Fraction(30_000, 1001))
    assert Entry(plain(), footage=film).frames is film
