"""Results as data: one versioned document per video.

The schema is `docs/results.md`; a field changes its meaning only with the schema's number.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from avel.pipeline.method.events import Disagreement, Event, Sound
from avel.pipeline.reasons import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

SCHEMA = "avel.result/2"
FAMILIAR_SHARE = 0.3
"""A video of which fewer segments resemble the training is a stranger: its events are withheld."""


@dataclass(frozen=True)
class Result:
    """What is known of one file.

    Attributes:
        file: Path as it was given.
        status: `ok`, `partial` (a reason, but results) or `failed` (a reason, no results).
        reasons: Reason codes, empty when ok.
        message: Why it failed, for people; empty otherwise.
        duration: Seconds; 0 when failed, NaN where nobody knows.
        segments: Number T of one-second segments.
        events: Audio-visual events in time order.
        disagreements: Labels that were heard but not seen, or seen but not heard, where the model
            knows both senses by themselves.
        sounds: All that is heard, where the model names sounds.
        notes: What a reader must know to take the events rightly.
        model: Name, fingerprint and what the weights know.
        decoder: Name and threshold.
        relevance: Probability per segment that it holds some event.
        top_classes: Per segment the most likely class if it held an event, and its probability.
        heard: Per segment the label that sound alone names most clearly, and how clearly in [0, 1],
            where the model knows the senses by themselves.
        seen: The same by sight alone.
        in_domain: Share of segments whose features resemble the training's; None if unknown.
        evidence_share: Share of segments of which the file gives both picture and sound.
    """

    file: str
    status: str
    reasons: tuple[str, ...] = ()
    message: str = ""
    duration: float = 0.0
    segments: int = 0
    events: tuple[Event, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    sounds: tuple[Sound, ...] = ()
    notes: tuple[str, ...] = ()
    model: dict[str, str] = field(default_factory=dict)
    decoder: dict[str, Any] = field(default_factory=dict)
    relevance: tuple[float, ...] = field(default=(), repr=False)  # long ones hide the events
    top_classes: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    heard: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    seen: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    in_domain: float | None = None
    evidence_share: float = 0.0
    cached: bool = False

    @property
    def length(self) -> float:
        """Seconds; where its duration is not known, as many as it has segments."""
        return self.duration if math.isfinite(self.duration) else float(self.segments)

    def to_dataframe(self, *, segments: bool = False) -> "DataFrame":
        """Events as a table of pandas: file, onset and offset in seconds, label, score.

        Columns and their types are the same where there is no event.

        Args:
            segments: Whether the table is of the one-second segments (T rows) instead: file, onset
                and offset in seconds, relevance, and the most likely class if it held an event as
                label with its score.

        Raises:
            EnvironmentProblem: pandas is not installed.
        """
        try:  # optional: the extra `dataframe`
            from pandas import DataFrame
        except ImportError as err:
            raise EnvironmentProblem(
                "a table of events needs pandas, which is not installed; "
                "pip install 'avel[dataframe]'"
            ) from err
        kinds = {"file": str, "onset": float, "offset": float, "label": str, "score": float}
        if segments:
            kinds = {**kinds, "relevance": float}
        rows = self._segment_rows() if segments else self._event_rows()
        return DataFrame(list(rows), columns=list(kinds)).astype(kinds)

    def _event_rows(self) -> "Iterator[tuple[object, ...]]":
        for event in self.events:
            yield self.file, event.onset, event.offset, event.label, event.score

    def _segment_rows(self) -> "Iterator[tuple[object, ...]]":
        """The last segment ends with the video."""
        classes = self.top_classes or (("", math.nan),) * len(self.relevance)
        for t, (relevance, (label, score)) in enumerate(zip(self.relevance, classes, strict=True)):
            last = t == len(self.relevance) - 1
            offset = self.duration if last and self.duration > t else t + 1
            yield self.file, t, offset, label, score, relevance

    def _repr_html_(self) -> str:
        from avel.pipeline.method.notebook import as_html  # for those who look

        return as_html(self)

    def document(self) -> dict[str, Any]:
        """The JSON document, its schema first; times in seconds, probabilities in [0, 1]."""
        document: dict[str, Any] = {"schema": SCHEMA, **asdict(self)}
        del document["cached"]  # how it came about, not what it says
        return _rounded(document)  # type: ignore[no-any-return]


def _rounded(value: Any) -> Any:
    """Floats to six places, so that equal results are equal text; NaN cannot be JSON."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value
