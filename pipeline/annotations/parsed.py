"""JSON of annotation files: the whole of one, or a document a line."""

import json
from pathlib import Path
from typing import Any

from avel.pipeline.annotations.encodings import text_of
from avel.pipeline.reasons import InputError


def parsed(path: Path, raw: bytes, *, lines: bool = False) -> Any:
    """What a file's bytes hold; of lines the list of their documents, without empty ones.

    Raises:
        InputError: it is no JSON, or no text.
    """
    text = text_of(path, raw)
    try:
        if lines:
            return [json.loads(line) for line in text.split("\n") if line.strip()]
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise InputError(f"{path}: is no JSON ({err}); export it again") from err
