"""A format's file is its head and the texts of its results."""

from avel.pipeline.formats.shape import Format
from tests.pipeline.formats.results import plain


def test_the_head_stands_once_before_all() -> None:
    form = Format(".x", "names", "the rest", lambda result: f"{result.file}\n", head="HEAD\n")
    assert form.write([plain("a"), plain("b")]) == "HEAD\na\nb\n"
    assert form.write([]) == "HEAD\n"


def test_a_file_for_each_is_the_rule() -> None:
    form = Format(".x", "", "", lambda result: "")
    assert not form.together
    assert form.write([plain()]) == ""
