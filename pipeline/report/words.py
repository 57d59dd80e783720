"""What a result says, in plain words: what was found, why, and what was not."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import FAMILIAR_SHARE, Result
from avel.pipeline.reasons import Reason
from avel.pipeline.work.counted import counted

MOST_NAMED = 3
"""Labels in one sentence; more are counted."""
CLEARLY, HEARD = 0.0, -2.0
"""Mean log-odds from which an event is said to be clearly heard, and heard."""
SEEN, WELL_SEEN = 3.0, 5.0
"""Mean ratio by sight from which an event is said to be seen, and clearly seen."""

MEANINGS = {
    "event": "something that is both seen and heard, from its onset to its offset",
    "score": "how probable the event is, from 0 to 1",
    "heard": "how clearly sound alone names some event, second by second",
    "seen": "how clearly the picture alone shows some event, second by second",
    "both": "how probable it is that some event is seen and heard; over the dashed line an event "
    "begins, under it the lane is paler",
    "one sense": "what was heard and not seen, or seen and not heard: no event",
    "picture": "pictures of the film, evenly apart",
    "sound": "how loud it is; the loudest moment fills the lane",
    "pitch": "which tones are loud, low ones below (mel spectrogram, 60 Hz to 8 kHz)",
    "truth": "what people annotated, dashed",
    "attention": "where in the picture the model looks while there is an event",
}
"""The meaning of each number and lane, said once."""


@dataclass(frozen=True)
class Summary:
    """What stands above the player.

    Attributes:
        status: In two or three words, for a list of many.
        headline: What was found.
        lines: What was not, and how many.
        warnings: What a reader must know to take it rightly.
        none: What the empty list of events says.
    """

    status: str
    headline: str
    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    none: str = "Nothing was both seen and heard."


def summary(result: Result) -> Summary:
    """The words of one result."""
    if result.status == "failed":
        why = result.message or "it cannot be read"
        return Summary("cannot be read", "The file could not be used.", (), (why,), "No result.")
    lines = tuple(_alone(result))
    warnings = tuple(note for note in result.notes if not note.startswith("no event:"))
    if is_withheld(result):
        return _strange(result, lines)
    if result.events:
        return Summary(_found(result), _names(result), lines, warnings)
    for reason, status, said in (
        (Reason.NO_AUDIO, "no sound", "There is no sound, so nothing can be both seen and heard."),
        (
            Reason.NO_VIDEO,
            "no picture",
            "There is no picture, so nothing can be both seen and heard.",
        ),
    ):
        if str(reason) in result.reasons:
            return Summary(status, said, lines, (), said)
    return Summary(
        "nothing found", "Nothing was both seen and heard.", lines, warnings, _least(result)
    )


def _strange(result: Result, lines: tuple[str, ...]) -> Summary:
    """Of a film that is unlike the training; how many events are withheld stands in a note."""
    share = f"{result.in_domain or 0:.0%}"
    why = (
        f"{share} of the segments resemble what the model was trained on "
        f"({result.model.get('knows', 'unknown')}). It would name something anyway, so its answer "
        "means nothing here."
    )
    others = tuple(note for note in result.notes if not note.startswith("out of domain"))
    found = next((note for note in result.notes if "withheld" in note), "")
    if not found:
        said = "Nothing is said: the film is unlike what the model was trained on."
        return Summary("unlike the training", said, lines, (why, *others), said)
    number = found.rpartition("; ")[2].partition(" ")[0]
    events = "1 doubtful event is" if number == "1" else f"{number} doubtful events are"
    said = f"{events} withheld: the film is unlike what the model was trained on."
    return Summary("withheld", said, lines, (why, *others), said)


def is_withheld(result: Result) -> bool:
    """Whether too small a share in [0, 1] of the film resembles the training to be believed."""
    return result.in_domain is not None and result.in_domain < FAMILIAR_SHARE


def why(event: Event) -> str:
    """What each sense says for an event; empty where the model does not know them apart."""
    evidence = event.evidence
    if evidence is None:
        return ""
    loud = "clearly heard" if evidence.heard >= CLEARLY else "heard"
    loud = loud if evidence.heard >= HEARD else "faintly heard"
    if evidence.sight != "supports":
        return f"{loud}; the picture cannot tell"
    return f"{loud} and {'clearly ' if evidence.seen >= WELL_SEEN else ''}seen"


def _found(result: Result) -> str:
    return counted(len(result.events), "event")


def _names(result: Result) -> str:
    return f"{_found(result)}: {_by_label(event.label for event in result.events)}."


def _by_label(labels: Iterator[str]) -> str:
    """Labels with how often each is there, the most frequent first."""
    counts = Counter(labels).most_common()
    said = [
        f"{label} \N{MULTIPLICATION SIGN} {n}" if n > 1 else label
        for label, n in counts[:MOST_NAMED]
    ]
    more = len(counts) - MOST_NAMED
    said += [f"{more} more kinds"] if more > 0 else []
    return ", ".join(said)


def _alone(result: Result) -> Iterator[str]:
    kinds = dict.fromkeys(each.kind for each in result.disagreements)
    for kind in kinds:
        labels = (each.label for each in result.disagreements if each.kind == kind)
        yield f"{kind[0].upper()}{kind[1:]}: {_by_label(labels)}."


def _least(result: Result) -> str:
    peak = max((known for known in result.relevance if known == known), default=0.0)
    threshold = float(result.decoder.get("threshold") or 0.5)
    return (
        f"Nothing was both seen and heard: the most probable second has {peak:.2f}, and an event "
        f"begins over {threshold:g}."
    )
