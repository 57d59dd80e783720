"""Events as a project of Final Cut Pro: the video, with a marker for each."""

from fractions import Fraction
from pathlib import PurePath

from avel.pipeline.formats.addresses import address
from avel.pipeline.formats.frames import editing_cautions, editing_rate, num_frames
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import xml
from avel.pipeline.formats.times import span
from avel.pipeline.method.events import Event


def project(entry: Entry) -> str:
    """The whole file; times as fractions of a second that are whole frames."""
    rate, name = editing_rate(entry), xml(PurePath(entry.result.file).name)
    length, footage = _time(num_frames(entry, rate), rate), entry.footage
    pixels = f' width="{footage.width}" height="{footage.height}"' if footage else ""
    streams = 'hasVideo="1" hasAudio="1"'
    inside = [
        f'<asset-clip name="{name}" ref="r2" offset="0s" start="0s" duration="{length}" '
        'format="r1" tcFormat="NDF">',
        *(f"  {_marker(event, rate)}" for event in entry.result.events),
        "</asset-clip>",
    ]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE fcpxml>",
        '<fcpxml version="1.8">',
        "  <resources>",
        f'    <format id="r1" frameDuration="{_time(1, rate)}"{pixels}/>',
        f'    <asset id="r2" name="{name}" src="{xml(address(entry))}" start="0s" '
        f'duration="{length}" {streams} format="r1"/>',
        "  </resources>",
        f'  <library><event name="avel"><project name="{name}">',
        f'    <sequence format="r1" duration="{length}" tcStart="0s" tcFormat="NDF"><spine>',
        *(f"      {line}" for line in inside),
        "    </spine></sequence>",
        "  </project></event></library>",
        "</fcpxml>",
    ]
    return "\n".join(lines) + "\n"


def _marker(event: Event, rate: Fraction) -> str:
    onset, offset = span(event, rate)
    return (
        f'<marker start="{_time(onset, rate)}" duration="{_time(offset - onset, rate)}" '
        f'value="{xml(event.label)}" note="score {event.score:.4f}"/>'
    )


def _time(frames: int, rate: Fraction) -> str:
    """Seconds as Final Cut writes them: `1001/30000s`, not reduced; `0s` where there are none."""
    if not frames:
        return "0s"
    return f"{frames * rate.denominator}/{rate.numerator}s"


FCPXML = Format(
    suffix=".fcpxml",
    opens="Final Cut Pro, DaVinci Resolve",
    times="1 frame",
    score="kept, as the marker's note",
    label="as it is; control characters become U+FFFD",
    overlap="as it is",
    body=project,
    counts_frames=True,
    cautions=editing_cautions,
)
