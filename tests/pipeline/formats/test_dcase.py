"""DCASE's event lists, read back by sed_eval and by dcase_util."""

from pathlib import Path

import dcase_util
import pytest
import sed_eval
from hypothesis import given

from avel.pipeline.formats.dcase import DCASE
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange

LABELS = {
    "Church bell": "Church_bell",
    "Frying (food)": "Frying_(food)",
    "Bark": "Bark",
    "吠": "吠_",
    "لغة": "لغة",
    'He said "hi"': "He_said__hi_",
    "a, b; c\td: e#f": "a__b__c_d__e_f",
    "a|b": "a_b",
    "<b> & -->": "<b>_&_-->",
    "808": "808_",
    "-": "-_",
    "1e5": "1e5_",
    "bell.wav": "bell.wav_",
    "\n": "-_",
}
"""And what becomes of them."""


def read(folder: Path, *given: Result) -> list[dict[str, object]]:
    path = folder / f"events{DCASE.suffix}"
    path.write_text(DCASE.write(map(Entry, given)), "utf-8")
    return list(sed_eval.io.load_event_list(str(path)))


def test_sed_eval_reads_it_back(tmp_path: Path) -> None:
    events = tuple(Event(n * 1.5, n * 1.5 + 2.25, label, 0.5) for n, label in enumerate(LABELS))
    result = Result("clips/my dog, old.mp4", "ok", duration=30.0, events=events)
    found = read(tmp_path, result, plain("b.mp4"))
    holds([(row["onset"], row["offset"]) for row in found[: len(events)]], result, 1e-6)  # type: ignore[misc]
    labels = [row["event_label"] for row in found]
    assert labels == [*LABELS.values(), "label_0", "label_1"]
    assert {str(row["filename"]) for row in found} == {"clips/my%20dog_%20old.mp4", "b.mp4"}


def test_sed_eval_scores_it(tmp_path: Path) -> None:
    """The metrics take what was read: all events right."""
    found = dcase_util.containers.MetaDataContainer(read(tmp_path, plain(events=3)))
    metrics = sed_eval.sound_event.EventBasedMetrics(event_label_list=found.unique_event_labels)
    metrics.evaluate(found, found)
    assert metrics.results_overall_metrics()["f_measure"]["f_measure"] == 1.0


@given(results())
def test_every_line_has_four_fields(
    tmp_path_factory: pytest.TempPathFactory, result: Result
) -> None:
    text = DCASE.write([Entry(result)])
    rows = [line.split("\t") for line in text.split("\n")[:-1]]
    assert all(len(row) == 4 and all(row) for row in rows)
    assert not {*text} & {*'",;\r'}
    holds([(float(row[1]), float(row[2])) for row in rows], result, 1e-6)


def test_without_events_there_is_no_line() -> None:
    assert DCASE.write([Entry(failed())]) == ""


def test_what_is_hard_to_hold(tmp_path: Path) -> None:
    (row,) = read(tmp_path, strange())
    assert (row["onset"], row["offset"], row["filename"]) == (1.0, 3.5, "b_c.mp4")
    assert str(row["event_label"]).startswith("Frying_(food)_")
