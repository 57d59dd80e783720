"""Events as a CMX 3600 edit decision list: one cut an event, one after another, with a locator."""

from fractions import Fraction
from pathlib import PurePath

from avel.pipeline.formats.frames import editing_cautions, editing_rate, timecode
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import span

MOST = 999
"""Cuts that three digits number; later ones have more, which most programs read too."""


def cuts(entry: Entry) -> str:
    """The whole file; times in frames, as timecode."""
    rate, name = editing_rate(entry), one_line(PurePath(entry.result.file).name)
    lines, record = [f"TITLE: {name[:70]}", "FCM: NON-DROP FRAME", ""], 0
    for number, event in enumerate(entry.result.events, 1):
        onset, offset = span(event, rate)
        times = onset, offset, record, record + offset - onset
        codes = " ".join(timecode(frames, rate) for frames in times)
        lines += [
            f"{number:03}  AX       B     C        {codes}",
            f"* FROM CLIP NAME: {name}",
            f"* LOC: {_start(record, rate)} RED     {one_line(event.label)} {event.score:.4f}",
            "",
        ]
        record += offset - onset
    return "\n".join(lines)


def _start(record: int, rate: Fraction) -> str:
    return timecode(record, rate)


EDL = Format(
    suffix=".edl",
    opens="DaVinci Resolve, Premiere, Avid: a reel of the events",
    times="1 frame",
    score="kept, behind the label",
    label="one line",
    overlap="as it is: the cuts stand one after another",
    body=cuts,
    counts_frames=True,
    cautions=editing_cautions,
)
