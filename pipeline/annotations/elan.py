"""Documents of ELAN: what is in their tiers, in seconds of the film."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.annotations.tiers import Tier, chosen
from avel.pipeline.annotations.xml import tree_of
from avel.pipeline.reasons import InputError

MILLISECONDS = 1000
Spans = dict[str, tuple[float, float]]
"""Onset and offset in milliseconds, by annotation."""


def document(path: Path, raw: bytes, tiers: Sequence[str] = ()) -> list[Sheet]:
    """Sheets, in seconds, one of each annotator that its tiers name.

    Taken are the tiers of these names, else all that have times of their own, at whatever depth.
    Where a time is not set, ELAN's slots between two that are lie evenly, and so do they here.

    Raises:
        InputError: it is no ELAN document, a time is missing, or it has no such tier.
    """
    root = tree_of(path, raw, "ANNOTATION_DOCUMENT")
    media = root.findall("HEADER/MEDIA_DESCRIPTOR")
    shift = _whole(path, media[0].get("TIME_ORIGIN", "0"), "TIME_ORIGIN") if media else 0
    slots = {slot.get("TIME_SLOT_ID", ""): _slot(path, slot) for slot in root.iter("TIME_SLOT")}
    spans: Spans = {}
    for tier in root.findall("TIER"):
        spans |= _spans(path, tier, slots)
    found = [_tier(tier, spans, shift) for tier in root.findall("TIER")]
    kept, notes = chosen(path, found, tiers)
    names = dict.fromkeys(tier.annotator for tier in kept)
    return [
        Sheet(path, _films(media), tuple(_marks(kept, who)), who, notes) for who in names or [""]
    ]


def _films(media: list[Element]) -> tuple[str, ...]:
    """Seen from the document, and as an address: of every medium, the film first."""
    given = (each.get(name, "") for each in media for name in ("RELATIVE_MEDIA_URL", "MEDIA_URL"))
    return tuple(dict.fromkeys(filter(None, given)))


def _marks(tiers: Sequence[Tier], annotator: str) -> Iterator[Mark]:
    for tier in tiers:
        if tier.annotator == annotator:
            yield from tier.marks


def _tier(tier: Element, spans: Spans, shift: int) -> Tier:
    name, marks = tier.get("TIER_ID", ""), []
    for each in tier.iter():
        key = each.get("ANNOTATION_ID", "")
        span = _span_of(each, spans)
        if span is None:
            continue
        onset, offset = ((time + shift) / MILLISECONDS for time in span)
        label = each.findtext("ANNOTATION_VALUE") or ""
        marks.append(Mark(label, onset, offset, f"tier {name!r}, {key}"))
    alone = tier.find("ANNOTATION/ALIGNABLE_ANNOTATION") is None
    remark = alone and tier.get("PARENT_REF") is not None
    return Tier(name, tuple(marks), tier.get("ANNOTATOR", "").strip(), remark)


def _span_of(each: Element, spans: Spans) -> tuple[float, float] | None:
    """An annotation's own times, or those of the one that it says more of."""
    if each.tag == "ALIGNABLE_ANNOTATION":
        return spans.get(each.get("ANNOTATION_ID", ""))
    if each.tag != "REF_ANNOTATION" or each.get("ANNOTATION_REF") not in spans:
        return None
    span = spans[each.get("ANNOTATION_ID", "")] = spans[each.get("ANNOTATION_REF", "")]
    return span


def _spans(path: Path, tier: Element, slots: Mapping[str, int | None]) -> Spans:
    """Times in milliseconds of a tier's annotations, those that are not set too."""
    found = tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
    ends = {each.get("TIME_SLOT_REF1", ""): each.get("TIME_SLOT_REF2", "") for each in found}
    times: dict[str, float] = {name: time for name, time in slots.items() if time is not None}
    for first in [name for name in ends if name in times]:
        chain = [first]
        while (
            chain[-1] in ends
            and len(chain) <= len(ends)
            and (len(chain) == 1 or chain[-1] not in times)
        ):
            chain.append(ends[chain[-1]])
        if chain[-1] in times:
            step = (times[chain[-1]] - times[first]) / (len(chain) - 1)
            times |= {name: times[first] + step * n for n, name in enumerate(chain[1:-1], 1)}
    spans = {}
    for each in found:
        refs = each.get("TIME_SLOT_REF1", ""), each.get("TIME_SLOT_REF2", "")
        if lacking := [ref for ref in refs if ref not in times]:
            raise InputError(
                f"{path}: annotation {each.get('ANNOTATION_ID')} has no time (slot "
                f"{lacking[0]!r}), nor is it between two that have; set it in ELAN and save"
            )
        spans[each.get("ANNOTATION_ID", "")] = (times[refs[0]], times[refs[1]])
    return spans


def _slot(path: Path, slot: Element) -> int | None:
    value = slot.get("TIME_VALUE")
    return None if value is None else _whole(path, value, slot.get("TIME_SLOT_ID", ""))


def _whole(path: Path, text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as err:
        raise InputError(
            f"{path}: {name} ({text!r:.40}) must be whole milliseconds; save it in ELAN again"
        ) from err
