"""XML of strangers as a tree: no document type, so that no entity grows or reads a file."""

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from avel.pipeline.reasons import InputError

MOST_DEPTH = 64
"""Elements inside each other; annotations have six."""


class _Refused(Exception):
    """Says why, in the middle of a sentence."""


class _Builder:
    """Takes what the parser finds."""

    def __init__(self) -> None:
        self.tree, self.depth = TreeBuilder(), 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise _Refused(f"has more than {MOST_DEPTH} elements inside each other")
        self.tree.start(name, attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(name)

    def doctype(self, *_: Any) -> None:
        raise _Refused("has a DOCTYPE, which may hold anything")


def tree_of(path: Path, raw: bytes, root: str) -> Element:
    """The root element of a file's XML, in the encoding that it declares.

    Args:
        path: The file, for messages.
        raw: Its bytes.
        root: Name that the root must have.

    Raises:
        InputError: it is no XML, has a document type or another root, or is nested too deep.
    """
    builder, parser = _Builder(), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.tree.data
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(raw, True)
    except _Refused as err:
        raise InputError(f"{path}: {err}; no annotation tool writes such XML") from None
    except (expat.ExpatError, ValueError, LookupError) as err:
        raise InputError(f"{path}: is no XML ({err}); export it again") from err
    found = builder.tree.close()
    if found.tag != root:
        raise InputError(f"{path}: its root is <{found.tag}>, expected <{root}>; export it again")
    return found
