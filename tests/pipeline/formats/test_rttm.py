"""RTTM, read back by pyannote.database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas._libs.parsers import STR_NA_VALUES
from pyannote.database.util import load_rttm

from avel.pipeline.formats.rttm import RTTM
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_word
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import LABELS, holds, results
from tests.pipeline.formats.results import failed, plain, strange

NAMED = LABELS.filter(lambda text: one_word(text) not in STR_NA_VALUES)
"""pyannote drops what is a microsecond long, and takes `NA`, `null` and the like for nothing at all."""


@given(st.lists(results(NAMED, least=10), max_size=3))
def test_pyannote_reads_it_back(
    tmp_path_factory: pytest.TempPathFactory, several: list[Result]
) -> None:
    path = tmp_path_factory.mktemp("r") / "events.rttm"
    entries = [Entry(result, f"clip {number}") for number, result in enumerate(several)]
    path.write_text(RTTM.write(entries), "utf-8")
    read = load_rttm(path)
    for number, result in enumerate(several):
        turns = read.get(f"clip%20{number}")
        tracks = [] if turns is None else list(turns.itertracks(yield_label=True))
        # pyannote sorts by time, as the events are, but by offset before label
        wanted = sorted(result.events, key=lambda e: (e.onset, e.offset))
        own = Result("a", "ok", events=tuple(wanted))
        holds([(segment.start, segment.end) for segment, _, _ in sorted(tracks)], own, 1e-6)
        found = {(round(s.start, 6), label) for s, _, label in tracks}
        assert found == {
            (round(e.onset, 6), one_word(e.label).replace('"', "'")) for e in result.events
        }


@given(results())
def test_every_line_has_ten_fields(result: Result) -> None:
    lines = RTTM.write([Entry(result)]).split("\n")[:-1]
    assert [len(line.split()) for line in lines] == [10] * len(result.events)
    assert len({line.split()[1] for line in lines}) <= 1


def test_the_lines() -> None:
    assert RTTM.write([Entry(plain("x/my dog.mp4", events=1)), Entry(failed())]) == (
        "SPEAKER my%20dog 1 0.000 0.500 <NA> <NA> label_0 0.2500 <NA>\n"
    )
    assert " Frying_(food),_'loud'_and_<b>_&_ü 0.7500 " in RTTM.write([Entry(strange())])


def test_names_stay_one_each() -> None:
    uris = [
        RTTM.write([Entry(plain(f"{name}.mp4"))]).split()[1] for name in ("a b", "a%20b", "a_b")
    ]
    assert uris == ["a%20b", "a%2520b", "a_b"]
