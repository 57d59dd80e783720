"""What of results is labelled already, so that nobody is asked twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avel.pipeline.annotations.films import Films
from avel.pipeline.annotations.looked import WHOLE, Stretch, parted
from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.annotations.names import one_name
from avel.pipeline.annotations.windows import Window
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError


@dataclass
class Known:
    """What annotations say of films.

    Attributes:
        labels: Number of films by label.
        spans: Stretches in seconds that were looked at, by number of the result.
        strangers: Files that are about none of the films, in sentences.
    """

    labels: Counter[str] = field(default_factory=Counter)
    spans: dict[int, list[Stretch]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)

    def holds(self, window: Window) -> bool:
        """Whether somebody looked at a second of a window."""
        spans = self.spans.get(window.film, ())
        return any(onset < window.stop and window.start < offset for onset, offset in spans)


def known_of(sheets: Sequence[Sheet], results: Sequence[Result]) -> Known:
    """What sheets say of the films of results; times in frames stand for the whole film."""
    numbers = {Path(result.file): number for number, result in enumerate(results)}
    films, known = Films(numbers, "among the results"), Known()
    said: dict[str, set[str]] = {}
    for sheet in (each for each in sheets if not each.void):
        rest, looked = parted(sheet)
        try:
            path = films.of(sheet)
        except InputError as err:
            known.strangers.append(str(err))
            path = sheet.path  # its labels count nonetheless
        for mark in rest.marks:
            said.setdefault(one_name(mark.label), set()).add(str(path))
        if path in numbers:
            spans = [WHOLE if m.frames else (m.onset, m.offset) for m in looked] or [WHOLE]
            known.spans.setdefault(numbers[path], []).extend(spans)
    known.labels.update({label: len(paths) for label, paths in said.items()})
    return known
