"""XML of strangers: what grows, what reads other files, what is broken."""

from pathlib import Path

import pytest

from avel.pipeline.annotations.xml import MOST_DEPTH, tree_of
from avel.pipeline.reasons import InputError

HERE = Path("a.eaf")
LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">]>
<a>&m;</a>"""
OUTSIDE = b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'


def test_elements_attributes_and_texts() -> None:
    root = tree_of(HERE, b'<?xml version="1.0"?><a x="1 &amp; 2"><b>caf&#233;</b></a>', "a")
    assert root.get("x") == "1 & 2"
    assert root.findtext("b") == "café"


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_encoding_that_it_declares(coding: str) -> None:
    raw = f'<?xml version="1.0" encoding="{coding}"?><a>café</a>'.encode(coding)
    assert tree_of(HERE, raw, "a").text == "café"


@pytest.mark.parametrize("raw", [LAUGHS, OUTSIDE, b"<!DOCTYPE a><a/>"])
def test_a_document_type_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.eaf: has a DOCTYPE, which may hold anything"):
        tree_of(HERE, raw, "a")


def test_what_is_nested_too_deep() -> None:
    deep = b"<a>" * MOST_DEPTH + b"</a>" * MOST_DEPTH
    assert tree_of(HERE, deep, "a").tag == "a"
    with pytest.raises(InputError, match=f"has more than {MOST_DEPTH} elements inside each other"):
        tree_of(HERE, b"<a>" * 100_000, "a")


@pytest.mark.parametrize(
    "raw", [b"", b"no xml", b"<a>", b"<a></b>", b"<a>&x;</a>", b"<a/><a/>", b"\xff\xfe<",
            b'<?xml version="1.0" encoding="klingon"?><a/>'],
)  # fmt: skip
def test_what_is_no_xml(raw: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.eaf: is no XML \(.+\); export it again"):
        tree_of(HERE, raw, "a")


def test_another_root() -> None:
    with pytest.raises(InputError, match=r"its root is <html>, expected <annotations>"):
        tree_of(HERE, b"<html/>", "annotations")
