"""What is hard to write down, for hypothesis: overlaps, short events, labels of any characters."""

from collections.abc import Iterable

from hypothesis import strategies as st

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result

PIECES = (
    "\t", "\n", "\r", "\r\n", "\x00", "\x1b", "\x85", "\u2028", "\u200b", '"', "'", "<b>", "&amp;",
    "-->", "{\\an8}", "\\N", ";", ",", "#", "=1+1", "|", "%", "\\", " ", "  ", "Bark", "吠える", "лай",
    "نباح", "é", "e\u0301", "\U0001f436", "\ufeff", "\uffff", "\udce9", "0", "-", "_",
)  # fmt: skip
LABELS = st.one_of(
    st.sampled_from(["Bark", "Church bell", "Frying (food)"]),
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(max_size=12),
)
"""Also none at all, and lone surrogates."""
MICROS = st.integers(0, 3 * 3600 * 10**6)


@st.composite
def events(draw: st.DrawFn, label: st.SearchStrategy[str] = LABELS, least: int = 1) -> Event:
    """Up to three hours in, from `least` microseconds long; scores of all sizes."""
    onset = draw(st.one_of(MICROS, st.integers(0, 20).map(lambda s: s * 10**6)))
    length = draw(st.one_of(st.integers(least, 5000), st.integers(least, 10**8)))
    score = draw(st.floats(0, 1))
    return Event(onset / 1e6, (onset + length) / 1e6, draw(label), score)


@st.composite
def results(
    draw: st.DrawFn, label: st.SearchStrategy[str] = LABELS, most: int = 6, least: int = 1
) -> Result:
    """A video with none to some events, that overlap as they come."""
    found = tuple(sorted(draw(st.lists(events(label, least), max_size=most))))
    end = max([event.offset for event in found], default=0.0)
    duration = end + draw(st.sampled_from([0.0, 0.04, 7.5]))
    file = draw(st.sampled_from(["a.mp4", "clips/b c.mkv", 'ü, "d".mp4', "100%.mp4", "x\ty.mp4"]))
    return Result(file, "ok", duration=duration, segments=int(duration) or 1, events=found)


def holds(found: Iterable[tuple[float, float]], result: Result, unit: float) -> None:
    """Onsets and offsets in seconds are the nearest that a format with this unit has.

    An event that is shorter than the unit is one unit long, as readers drop what is empty.
    """
    found = list(found)
    assert len(found) == len(result.events)
    room = unit / 2 + 1e-6
    for (onset, offset), event in zip(found, result.events, strict=True):
        assert abs(onset - event.onset) <= room, event
        assert offset > onset
        short = event.offset - event.onset < unit
        assert abs(offset - event.offset) <= (1.5 * unit if short else room), event
