"""Results as JSON: the whole document, whose schema is `docs/results.md`."""

import json
from collections.abc import Iterable, Iterator

from avel.pipeline.formats.shape import Format
from avel.pipeline.formats.whole import readable
from avel.pipeline.method.results import Result


def document(result: Result) -> str:
    """The JSON object of one result, indented; valid JSON whatever bytes its file is named with."""
    return readable(json.dumps(result.document(), indent=2, ensure_ascii=False))


def array(results: Iterable[Result]) -> Iterator[str]:
    """Pieces of one JSON array of results, each as soon as its result comes; joined, the text."""
    before = "[\n  "
    for result in results:
        yield before + document(result).replace("\n", "\n  ")
        before = ",\n  "
    yield "\n]" if before[0] == "," else "[]"


JSON = Format(
    suffix=".json",
    keeps="everything: the document of docs/results.md",
    loses="nothing",
    body=lambda result: document(result) + "\n",
)
