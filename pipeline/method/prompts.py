"""Labels as they are put to a text head, and what else a segment may be."""

from collections.abc import Sequence
from dataclasses import dataclass

from avel.pipeline.reasons import InputError

TEMPLATE = "{}"
CONTRAST = (
    "silence",
    "background noise",
    "people talking",
    "music",
    "wind",
    "rain",
    "traffic",
    "footsteps",
    "a machine running",
    "an animal",
    "a person",
    "a room",
    "a landscape",
    "a street",
    "text on a screen",
)
"""What a segment may be instead of every label, where the encoder has no calibrated rest."""


@dataclass(frozen=True)
class Prompts:
    """Words or phrases, each an event, in a template with one `{}` for them.

    Raises:
        InputError: no label, one that is empty or given twice, or a template without its place.
    """

    labels: tuple[str, ...]
    template: str = TEMPLATE

    def __post_init__(self) -> None:
        if not self.labels:
            raise InputError("no label given; --labels takes words or a file with one label a line")
        for label in self.labels:
            if not label.strip():
                raise InputError("an empty label names nothing; remove it")
            if self.labels.count(label) > 1:
                raise InputError(f"label {label!r} is given twice; remove one")
        if self.template.count("{}") != 1:
            raise InputError(
                f"template {self.template!r} must hold {{}} once, where the label goes"
            )

    def of(self, words: Sequence[str]) -> list[str]:
        """Any words in the template."""
        return [self.template.replace("{}", word) for word in words]

    def beside_others(self) -> list[str]:
        """The labels, and then what competes with them."""
        return self.of([*self.labels, *(word for word in CONTRAST if word not in self.labels)])
