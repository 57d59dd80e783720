"""Results as JSON: the whole document, whose schema is `docs/results.md`."""

import json
from collections.abc import Callable
from typing import Self

from avel.pipeline.formats.shape import Format
from avel.pipeline.formats.whole import readable
from avel.pipeline.method.results import Result


def document(result: Result) -> str:
    """The JSON object of one result, indented; valid JSON whatever bytes its file is named with."""
    return readable(json.dumps(result.document(), indent=2, ensure_ascii=False))


class Array:
    """One JSON array of results, each written as soon as it comes; closed when the block ends.

    Args:
        write: Takes pieces of text.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write, self._before = write, "[\n  "

    def __enter__(self) -> Self:
        return self

    def add(self, result: Result) -> None:
        """Write one more element, with times in seconds."""
        self._write(self._before + document(result).replace("\n", "\n  "))
        self._before = ",\n  "

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write("\n]" if self._before[0] == "," else "[]")


JSON = Format(
    suffix=".json",
    opens="jq, `avel report`: the document of results.md",
    times="1 µs",
    score="kept",
    label="as it is",
    overlap="as it is",
    body=lambda entry: document(entry.result) + "\n",
)
