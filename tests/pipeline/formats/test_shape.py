"""What a format makes of several results."""

from avel.pipeline.formats.shape import Format
from tests.pipeline.formats.results import failed, plain


def test_a_file_is_its_head_and_every_body_in_order() -> None:
    made = Format(".x", "names", "all else", lambda result: f"{result.file}\n", head="names\n")
    assert made.write(iter([plain("b"), failed("a")])) == "names\nb\na\n"
    assert made.write([]) == "names\n"
    assert not made.together


def test_a_result_may_have_nothing_to_say() -> None:
    made = Format(".x", "", "", lambda result: "event\n" * len(result.events), together=True)
    assert made.write([plain(events=2), failed(), plain(events=1)]) == "event\n" * 3
