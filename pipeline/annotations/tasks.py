"""Suggestions as files in which a person goes on: what the model found, and where to look."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from avel.pipeline.annotations.looked import SUGGESTED
from avel.pipeline.annotations.suggest import PARTS, Suggestion
from avel.pipeline.formats.csv import row
from avel.pipeline.formats.folder import ResultFolder
from avel.pipeline.formats.names import escaped
from avel.pipeline.formats.texts import xml
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result

TABLE = "suggestions.csv"
INTERFACE = "labelstudio.xml"
"""The labelling interface of a project in Label Studio."""
COLUMNS = ("rank", "file", "onset", "offset", "guess", "worth", *PARTS, "why")
MATTERS = 0.5
"""From here on a part is told."""
TOOLS = ("labelstudio", "eaf", "audacity")
"""Formats that carry both, and come back by `from-annotations`."""


def write_tasks(
    out: Path,
    results: Sequence[Result],
    suggestions: Sequence[Suggestion],
    tools: Sequence[str] = TOOLS,
    warn: Callable[[str], object] = lambda sentence: None,
) -> None:
    """Write the table of suggestions, and the films they are in, the worthiest first.

    Args:
        out: The folder, made where it is missing.
        results: All that windows count.
        suggestions: The worthiest first; times in seconds.
        tools: Names of formats.
        warn: Takes what must be said of a film.

    Raises:
        InputError: `out` is a file, or holds something else.
        EnvironmentProblem: it cannot be written, or the disk is full.
    """
    films = dict.fromkeys(suggestion.window.film for suggestion in suggestions)
    files = [results[film].file for film in films]
    with ResultFolder(out, files, formats=tools, warn=warn) as folder:
        for film in films:
            own = [each for each in suggestions if each.window.film == film]
            folder.add(as_task(results[film], own))
    write_whole(out / TABLE, table(results, suggestions))
    if "labelstudio" in tools:
        write_whole(out / INTERFACE, interface(results))


def as_task(result: Result, suggestions: Iterable[Suggestion]) -> Result:
    """A result that holds the suggested stretches as events, and those found that touch one."""
    asked = [
        Event(each.window.start, min(each.window.stop, result.duration), SUGGESTED, each.worth)
        for each in suggestions
    ]
    found = [e for e in result.events if any(_touch(e, stretch) for stretch in asked)]
    return replace(result, events=tuple(sorted([*asked, *found])))


def _touch(event: Event, other: Event) -> bool:
    return event.onset < other.offset and other.onset < event.offset


def table(results: Sequence[Result], suggestions: Sequence[Suggestion]) -> str:
    """A line of CSV for each, the worthiest first; times in seconds, shares in [0, 1]."""
    lines = [row(COLUMNS)]
    for rank, each in enumerate(suggestions, 1):
        window, result = each.window, results[each.window.film]
        times = str(window.start), f"{min(window.stop, result.duration):g}"
        shares = [f"{share:.4f}" for share in (each.worth, *each.parts.values())]
        fields = (str(rank), escaped(result.file), *times, window.guess, *shares, why(each))
        lines.append(row(fields))
    return "".join(lines)


def why(suggestion: Suggestion) -> str:
    """The parts that weigh most, in words."""
    window, parts = suggestion.window, suggestion.parts
    words = {
        "disagreement": "sight and sound disagree",
        "uncertainty": "near the threshold",
        "novelty": "unlike what is labelled or suggested before",
        "balance": f"few labels of '{window.guess}'" if window.guess else "nothing is named in it",
    }
    least = min(MATTERS, max(parts.values()))
    return ", ".join(words[part] for part in PARTS if parts[part] >= least)


def interface(results: Sequence[Result]) -> str:
    """The labelling interface with all labels that results name."""
    named = {event.label for result in results for event in result.events}
    named |= {label for result in results for label, _ in result.top_classes}
    values = [SUGGESTED, *sorted(named - {SUGGESTED})]
    labels = "".join(f'\n    <Label value="{xml(value)}"/>' for value in values)
    return (
        f'<View>\n  <Labels name="label" toName="audio">{labels}\n  </Labels>\n'
        '  <Audio name="audio" value="$video" sync="film"/>\n'
        '  <Video name="video" value="$video" sync="film"/>\n</View>\n'
    )
