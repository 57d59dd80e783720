"""ELAN's documents, read back by pympi."""

from pathlib import Path
from xml.etree import ElementTree

import pympi
import pytest
from hypothesis import given

from avel.pipeline.formats.eaf import EAF
from avel.pipeline.formats.layers import layers
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import NOT_UTF8, failed, plain, strange


def read(folder: Path, entry: Entry) -> pympi.Elan.Eaf:
    (folder / "x.eaf").write_text(EAF.write([entry]), "utf-8")
    return pympi.Elan.Eaf(str(folder / "x.eaf"))


@given(results())
def test_pympi_reads_it_back(tmp_path_factory: pytest.TempPathFactory, result: Result) -> None:
    document = read(tmp_path_factory.mktemp("e"), Entry(result))
    for number, layer in enumerate(layers(result.events, 1000)):
        name = f"events {number + 1}" if number else "events"
        rows = sorted(document.get_annotation_data_for_tier(name))
        own = Result("a", "ok", events=tuple(p.event for p in layer))
        holds([(start / 1000, end / 1000) for start, end, _ in rows], own, 1e-3)
        scores = sorted(document.get_ref_annotation_data_for_tier(f"{name} score"))
        assert [row[2] for row in scores] == [f"{p.event.score:.4f}" for p in layer]
        assert [row[3] for row in scores] == [row[2] for row in rows]
        for (_, _, label), placed in zip(rows, layer, strict=True):
            if placed.event.label.isprintable():
                assert label == placed.event.label
    assert len(document.get_tier_names()) == 2 * len(layers(result.events, 1000))


def test_labels_keep_their_lines(tmp_path: Path) -> None:
    document = read(tmp_path, Entry(strange()))
    assert document.get_annotation_data_for_tier("events") == [
        (1000, 3500, 'Frying (food), "loud"\nand <b> & ü\u2028')
    ]


def test_both_addresses_of_the_video(tmp_path: Path) -> None:
    film = tmp_path / "films" / "a b & ü.mp4"
    document = read(tmp_path, Entry(plain(str(film)), folder=tmp_path / "out"))
    (linked,) = document.get_linked_files()
    assert linked["MEDIA_URL"] == film.as_uri()
    assert linked["RELATIVE_MEDIA_URL"] == "../films/a b & ü.mp4"
    assert linked["MIME_TYPE"] == "video/mp4"
    (linked,) = read(tmp_path, Entry(plain(str(film)), folder=film.parent)).get_linked_files()
    assert linked["RELATIVE_MEDIA_URL"] == "./a b & ü.mp4"
    (linked,) = read(tmp_path, Entry(plain("x.mxf"))).get_linked_files()
    assert linked["RELATIVE_MEDIA_URL"] == "./x.mxf"
    assert linked["MIME_TYPE"] == "unknown"


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    (linked,) = read(tmp_path, Entry(plain(NOT_UTF8))).get_linked_files()
    assert linked["MEDIA_URL"].endswith("/caf%E9.mp4")


def test_identifiers_are_one_each_and_lead_somewhere() -> None:
    events = tuple(Event(t, t + 2.5, "a", 0.5) for t in range(4))
    root = ElementTree.fromstring(EAF.write([Entry(Result("a", "ok", events=events))]))
    ids = [each.get("ANNOTATION_ID") for each in root.iter() if each.get("ANNOTATION_ID")]
    assert len(set(ids)) == len(ids) == 8
    slots = [each.get("TIME_SLOT_ID") for each in root.iter("TIME_SLOT")]
    assert len(set(slots)) == len(slots)
    times = [int(each.get("TIME_VALUE", "")) for each in root.iter("TIME_SLOT")]
    assert times == sorted(times)
    for each in root.iter("REF_ANNOTATION"):
        assert each.get("ANNOTATION_REF") in ids
    assert root.find("HEADER/PROPERTY").text == "8"  # type: ignore[union-attr]


def test_a_document_without_events_has_its_tiers(tmp_path: Path) -> None:
    document = read(tmp_path, Entry(failed()))
    assert list(document.get_tier_names()) == ["events", "events score"]
