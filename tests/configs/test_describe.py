"""What a config's keys mean, read from source with and without importing it."""

from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import pytest

from avel.configs.describe import Key, keys, mirror, written, written_in


@dataclass(frozen=True)
class Inner:
    """Some part.

    Attributes:
        size: How many, in cells
            and over two lines.
        rate: Of something.

    Source: nowhere.
    """

    size: int = 3
    rate: float = 0.5
    plain: str = "x"


@dataclass(frozen=True)
class Outer:
    """A whole."""

    needed: int
    """What must be
    said."""
    kind: Literal["full", "weak"] = "full"
    free: dict[str, Any] = field(default_factory=dict)
    """Anything."""
    inner: Inner = field(default_factory=Inner)


def test_every_key_in_its_place() -> None:
    found = list(keys(Outer(4, inner=Inner(5))))
    assert [key.name for key in found] == [
        "needed", "kind", "free", "inner.size", "inner.rate", "inner.plain",
    ]  # fmt: skip
    assert found[0] == Key("needed", 4, MISSING, "int", "What must be said.")
    assert found[1] == Key("kind", "full", "full", "Literal['full', 'weak']", "")
    assert found[2] == Key("free", {}, {}, "dict[str, Any]", "Anything.")
    assert found[3] == Key("inner.size", 5, 3, "int", "How many, in cells and over two lines.")
    assert found[4].meaning == "Of something."
    assert found[5].meaning == ""


SOURCE = '''
from dataclasses import dataclass
from typing import Literal
import torch_that_is_not_there

Side = Literal["left", "right"]

@dataclass(frozen=True)
class Base:
    """A base."""

    width: int = 4
    """In pixels."""
    side: Side = "left"
    """Which."""

@dataclass(frozen=True)
class Wide(Base):
    """Another default."""

    width: int = 9
    share: float | None = None
    """In [0, 1]."""

    def __post_init__(self) -> None:
        raise ValueError("never called")
'''


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "wide.py"
    path.write_text(SOURCE)
    return path


def test_a_mirror_has_the_fields_and_none_of_the_checks(source: Path) -> None:
    kind = mirror(source, "Wide")
    assert [f.name for f in fields(kind)] == ["width", "side", "share"]
    assert vars(kind()) == {"width": 9, "side": "left", "share": None}
    types = {f.name: f.type for f in fields(kind)}
    assert types == {"width": int, "side": Literal["left", "right"], "share": float | None}


def test_what_a_base_says_stays(source: Path) -> None:
    found = written_in(source, "Wide")
    assert found["width"].meaning == "In pixels."
    assert found["width"].default == "9"
    assert found["side"].kind == "Side"
    assert found["share"].meaning == "In [0, 1]."


def test_imported_and_read_are_the_same() -> None:
    assert written(Inner) == written_in(Path(__file__), "Inner")
