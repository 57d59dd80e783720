"""What type checkers see of `import avel`: `make check` runs mypy over it, nothing runs it.

An ignored error that mypy does not find is an error of its own, so each is a test.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import avel
from avel import Event, Extracted, Result


def names() -> None:
    assert_type(avel.__version__, str)
    assert_type(avel.open_model().classes, tuple[str, ...])
    avel.localise("a.mp4")  # type: ignore[attr-defined]


def localizing() -> None:
    assert_type(avel.localize("a.mp4"), Iterator[Result])
    assert_type(avel.localize(["a.mp4", Path("b.mp4")], threshold=0.4), Iterator[Result])
    for result in avel.localize((Path(f"{n}.mp4") for n in range(3)), labels="dog", workers=2):
        assert_type(result.events, tuple[Event, ...])
        assert_type(result.events[0].onset, float)
        assert_type(result.to_dataframe().shape, tuple[int, int])
    avel.localize("a.mp4", treshold=0.4)  # type: ignore[call-arg]
    avel.localize("a.mp4", workers="2")  # type: ignore[arg-type]
    avel.localize("a.mp4", devices=2)  # type: ignore[call-arg]
    avel.localize("a.mp4", decoder="gates")  # type: ignore[arg-type]
    avel.localize(3)  # type: ignore[arg-type]


def extracting() -> None:
    for extracted in avel.extract("clips", extractor="vgg19+vggish", frames=4, device="cpu"):
        assert_type(extracted, Extracted)
        extracted.features.audio  # type: ignore[union-attr]  # noqa: B018
    avel.extract("clips", arrays=("visual", "audio"), map_dtype="int8")
    avel.extract("clips", map_dtype="int4")  # type: ignore[arg-type]


def training() -> None:
    assert_type(avel.train("data", settings={"train.epochs": 3}, devices=2), dict[str, Any])
    assert_type(avel.evaluate("data", model="runs/dmsf-seed0", split="val"), dict[str, Any])
    avel.evaluate("data", split="tst")  # type: ignore[arg-type]
