"""Labels as formats can hold them: one line, one word, XML."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.texts import one_line, one_name, one_word, xml
from tests.pipeline.formats.hard import LABELS


@given(LABELS)
def test_one_line_is_one_and_never_empty(text: str) -> None:
    line = one_line(text)
    assert line
    assert len(line.splitlines()) == 1
    assert line == line.strip()
    assert "\t" not in line
    line.encode("utf-8")
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [("Church  bell", "Church bell"), ("a\tb\r\nc\u2028d\x00", "a b c d"), ("", "-"), ("\n", "-"),
     ("吠える", "吠える"), ("\udce9", "\\udce9"), (" a ", "a")],
)  # fmt: skip
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@given(LABELS)
def test_one_word_is_one(text: str) -> None:
    assert len(one_word(text).split()) == 1


def test_one_word() -> None:
    assert one_word("Church  bell\n(big)") == "Church_bell_(big)"


@given(LABELS)
def test_xml_reads_back(text: str) -> None:
    """In an element and in an attribute, all that XML can hold."""
    held = [c if c in "\t\n\r" or c.isprintable() else None for c in text]
    read = ElementTree.fromstring(f'<a b="{xml(text)}">{xml(text)}</a>')
    assert read.get("b") == (read.text or "")
    if None not in held:
        assert (read.text or "") == text


@given(st.characters())
def test_every_character_is_held_or_replaced(character: str) -> None:
    read = ElementTree.fromstring(f"<a>{xml(character)}</a>").text
    own = character.encode("utf-8", "backslashreplace").decode()
    assert read in (own, "\N{REPLACEMENT CHARACTER}")


def test_xml_of_what_it_cannot_hold() -> None:
    assert xml("a\x00\x1b\uffffb") == "a\ufffd\ufffd\ufffdb"
    assert xml("<&>\"'") == "&lt;&amp;&gt;&quot;'"
    assert xml("\udce9") == "\\udce9"


def test_names_of_files_stay_one_each() -> None:
    names = ["a b", "a%20b", "a_b", "a  b\n"]
    assert [one_name(name) for name in names] == ["a%20b", "a%2520b", "a_b", "a%20b"]
