"""Events as a document of ELAN: a tier a layer, and the scores as a tier below it."""

from collections.abc import Iterator

from avel.pipeline.formats.addresses import address, beside, media_type
from avel.pipeline.formats.layers import Placed, layer_name, layers
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import xml

MILLISECONDS = 1_000
"""In a second: ELAN's only unit."""
DATE = "1970-01-01T00:00:00+00:00"
"""ELAN asks for one and sets it when it saves; equal results are to be equal text."""
SCHEMA = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd"'
)
TAIL = """\
    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="event" TIME_ALIGNABLE="true"/>
    <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" GRAPHIC_REFERENCES="false" \
LINGUISTIC_TYPE_ID="score" TIME_ALIGNABLE="false"/>
    <CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" \
STEREOTYPE="Symbolic_Association"/>
</ANNOTATION_DOCUMENT>
"""


def document(entry: Entry) -> str:
    """The whole file; times in milliseconds."""
    found = layers(entry.result.events, MILLISECONDS)
    count = 2 * sum(map(len, found))
    times = sorted({time for layer in found for p in layer for time in (p.onset, p.offset)})
    slots = {time: f"ts{number}" for number, time in enumerate(times, 1)}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<ANNOTATION_DOCUMENT AUTHOR="avel" DATE="{DATE}" FORMAT="3.0" VERSION="3.0" {SCHEMA}>',
        '    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">',
        f"        <MEDIA_DESCRIPTOR {_media(entry)}/>",
        f'        <PROPERTY NAME="lastUsedAnnotationId">{count}</PROPERTY>',
        "    </HEADER>",
        "    <TIME_ORDER>",
        *(
            f'        <TIME_SLOT TIME_SLOT_ID="{slot}" TIME_VALUE="{time}"/>'
            for time, slot in slots.items()
        ),
        "    </TIME_ORDER>",
        *_tiers(found, slots),
    ]
    return "\n".join(lines) + "\n" + TAIL


def _media(entry: Entry) -> str:
    """Where the video lies: as an address, and seen from the file, so that both may be moved."""
    kind, relative = media_type(entry), xml(beside(entry))
    url = xml(address(entry))
    return f'MEDIA_URL="{url}" MIME_TYPE="{kind}" RELATIVE_MEDIA_URL="{relative}"'


def _tiers(found: list[list[Placed]], slots: dict[int, str]) -> Iterator[str]:
    first = 1
    for number, layer in enumerate(found):
        name = layer_name(number)
        yield f'    <TIER LINGUISTIC_TYPE_REF="event" TIER_ID="{name}">'
        for place, (onset, offset, event) in enumerate(layer, first):
            refs = f'TIME_SLOT_REF1="{slots[onset]}" TIME_SLOT_REF2="{slots[offset]}"'
            yield from _annotation("ALIGNABLE", f"a{place}", refs, event.label)
        yield "    </TIER>"
        yield f'    <TIER LINGUISTIC_TYPE_REF="score" PARENT_REF="{name}" TIER_ID="{name} score">'
        for place, (_, _, event) in enumerate(layer, first):
            refs = f'ANNOTATION_REF="a{place}"'
            yield from _annotation("REF", f"a{place + len(layer)}", refs, f"{event.score:.4f}")
        yield "    </TIER>"
        first += 2 * len(layer)


def _annotation(kind: str, name: str, refs: str, value: str) -> Iterator[str]:
    yield "        <ANNOTATION>"
    yield f'            <{kind}_ANNOTATION ANNOTATION_ID="{name}" {refs}>'
    yield f"                <ANNOTATION_VALUE>{xml(value)}</ANNOTATION_VALUE>"
    yield f"            </{kind}_ANNOTATION>"
    yield "        </ANNOTATION>"


EAF = Format(
    suffix=".eaf",
    opens="ELAN, pympi",
    times="1 ms",
    score="kept, in a tier below",
    label="as it is; control characters become U+FFFD",
    overlap="one more tier a layer",
    body=document,
)
