"""One self-contained HTML page per video; every string in it is escaped, nothing is fetched."""

import base64
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import quote

from avel.pipeline.method.results import Result

MOST_EMBEDDED_BYTES = 20 << 20
"""A larger video is linked by its path instead of being put into the page."""

TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/mp4"}
WIDTH = 960
Truth = Sequence[tuple[str, float, float]]


def report_page(result: Result, truth: Truth | None, pictures: Sequence[tuple[str, str]]) -> str:
    """The page as text."""
    source = files("avel.pipeline.report")
    return Template((source / "page.html").read_text("utf-8")).substitute(
        style=(source / "page.css").read_text("utf-8"),
        script=(source / "page.js").read_text("utf-8"),
        title=escape(Path(result.file).name),
        file=escape(result.file),
        facts=_facts(result),
        notes=_notes(result),
        player=_player(result),
        timeline=_timeline(result, truth),
        events=_events(result, truth),
        frames=_frames(result, pictures),
        duration=f"{max(result.duration, result.segments):.3f}",
    )


def _facts(result: Result) -> str:
    facts = {
        "status": result.status + (f" ({', '.join(result.reasons)})" if result.reasons else ""),
        "duration": f"{result.duration:.2f} s in {result.segments} segments of 1 s",
        "model": f"{result.model.get('name', '')} {result.model.get('sha256', '')[:12]}",
        "decoder": " ".join(str(value) for value in result.decoder.values()),
    }
    return "".join(
        f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items() if v.strip()
    )


def _notes(result: Result) -> str:
    notes = [*([result.message] if result.message else []), *result.notes]
    if knows := result.model.get("knows"):
        notes.append(f"The model was {knows}.")
    return "".join(f"<p class=note>{escape(note)}</p>" for note in notes)


def _player(result: Result) -> str:
    path = Path(result.file)
    kind = TYPES.get(path.suffix.lower())
    if kind is None or not path.is_file():
        return "<p class=quiet>No player: the browser cannot show this kind of file.</p>"
    if path.stat().st_size <= MOST_EMBEDDED_BYTES:
        source = f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    else:
        source = "file://" + quote(str(path.resolve()))
    return f'<video id=player controls preload=metadata src="{escape(source)}"></video>'


def _timeline(result: Result, truth: Truth | None) -> str:
    """Relevance as bars, events and truth as lanes, over one axis of seconds."""
    if not result.segments:
        return ""
    scale = WIDTH / max(result.duration, result.segments)
    labels = list(dict.fromkeys([*(e.label for e in result.events), *(t[0] for t in truth or [])]))
    hues = {label: round(360 * number / len(labels)) for number, label in enumerate(labels)}
    parts = [_bars(result, scale), _axis(result, scale)]
    found = [(e.label, e.onset, e.offset) for e in result.events]
    lanes = [("found", found)] + ([("truth", list(truth))] if truth is not None else [])
    for row, (name, spans) in enumerate(lanes):
        top = 112 + row * 34
        parts.append(f'<text x="-6" y="{top + 17}" class=lane>{name}</text>')
        parts += [_span(span, top, scale, hues) for span in spans]
    height = 120 + 34 * len(lanes)
    cursor = f'<line id=cursor x1=0 x2=0 y1=0 y2="{height}" />'
    return (
        f'<svg id=timeline viewBox="-84 -6 {WIDTH + 96} {height + 8}" role=img '
        f'aria-label="relevance and events over time">{"".join(parts)}{cursor}</svg>'
    )


def _bars(result: Result, scale: float) -> str:
    threshold = float(result.decoder.get("threshold", 0.5))
    bars = []
    for t, relevance in enumerate(result.relevance):
        label, share = result.top_classes[t]
        tip = f"{t}-{t + 1} s: relevance {relevance:.2f}; if an event, {label} ({share:.2f})"
        height = 80 * relevance
        strong = "strong" if relevance > threshold else "weak"
        bars.append(
            f'<rect class="bar {strong}" x="{t * scale + 1:.1f}" y="{80 - height:.1f}" '
            f'width="{scale - 2:.1f}" height="{height:.1f}"><title>{escape(tip)}</title></rect>'
        )
    line = 80 * (1 - threshold)
    bars.append(f'<line class=threshold x1=0 x2="{WIDTH}" y1="{line:.1f}" y2="{line:.1f}"/>')
    return '<text x="-6" y="45" class=lane>relevance</text>' + "".join(bars)


def _axis(result: Result, scale: float) -> str:
    step = max(1, result.segments // 20)
    marks = (
        f'<text class=tick x="{t * scale:.1f}" y="98">{t}</text>'
        for t in range(0, result.segments + 1, step)
    )
    return f'<line class=axis x1=0 x2="{WIDTH}" y1=81 y2=81 />' + "".join(marks)


def _span(span: tuple[str, float, float], top: int, scale: float, hues: dict[str, int]) -> str:
    label, onset, offset = span
    x, width = onset * scale, max(2.0, (offset - onset) * scale)
    return (
        f'<g><rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="26" rx="3" '
        f'fill="hsl({hues[label]} 60% 45%)">'
        f"<title>{escape(label)} {onset:g}-{offset:g} s</title></rect>"
        f'<svg x="{x:.1f}" y="{top}" width="{width:.1f}" height="26">'
        f"<text x=6 y=17 class=span>{escape(label)}</text></svg></g>"
    )


def _events(result: Result, truth: Truth | None) -> str:
    rows = [
        f"<tr><td><button data-seek={e.onset:g}>{e.onset:.1f} - {e.offset:.1f} s</button></td>"
        f"<td>{escape(e.label)}</td><td>{e.score:.2f}</td><td>found</td></tr>"
        for e in result.events
    ]
    rows += [
        f"<tr><td><button data-seek={onset:g}>{onset:.1f} - {offset:.1f} s</button></td>"
        f"<td>{escape(label)}</td><td></td><td>truth</td></tr>"
        for label, onset, offset in truth or []
    ]
    if not rows:
        return "<p class=quiet>No audio-visual event.</p>"
    head = "<tr><th>time</th><th>event</th><th>score</th><th></th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _frames(result: Result, pictures: Sequence[tuple[str, str]]) -> str:
    if not pictures:
        return "<p class=quiet>No frames: there is no picture, or they were not cached.</p>"
    return "".join(
        f'<figure><button data-seek={t}><img src="{plain}" alt="frame at {t}.5 s">'
        f'<img src="{heat}" alt="attention at {t}.5 s"></button>'
        f"<figcaption>{t} s &middot; {result.relevance[t]:.2f}</figcaption></figure>"
        for t, (plain, heat) in enumerate(pictures)
    )
