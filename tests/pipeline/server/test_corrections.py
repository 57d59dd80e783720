from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.server.job_work import Lesson, Tell
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import StubHands, add, event, found, work_off


def edit(label: str, onset: float, offset: float) -> dict[str, Any]:
    return {"label": label, "onset": onset, "offset": offset}


@pytest.fixture
def video(site: Site) -> str:
    made = add(site)
    work_off(site)
    return made


def test_what_was_found_where_nobody_corrected(site: Site, video: str) -> None:
    bark = {"id": "m0", **edit("Bark", 1.0, 3.0), "score": 0.9, "by": "model"}
    assert site.corrections.get(video) == {"revision": 0, "events": [bark], "corrected": False}


def test_nothing_where_nothing_was_found_yet(site: Site) -> None:
    assert site.corrections.get(add(site))["events"] == []


def test_what_was_said_and_by_whom(site: Site, video: str) -> None:
    said = site.corrections.put(video, 0, [edit("  My   dog ", 4, 6.5), edit("Bark", 1.0, 3.0)])
    assert said["revision"] == 1
    assert said["corrected"]
    assert [(e["label"], e["by"], e["score"]) for e in said["events"]] == [
        ("Bark", "model", 0.9),
        ("My dog", "person", None),
    ]
    assert site.corrections.get(video) == said
    assert site.videos.get(video)["corrected"]


def test_a_moved_edge_is_a_persons(site: Site, video: str) -> None:
    said = site.corrections.put(video, 0, [edit("Bark", 1.0, 3.1)])
    assert said["events"][0]["by"] == "person"


def test_who_saves_over_another_is_told(site: Site, video: str) -> None:
    site.corrections.put(video, 0, [])
    with pytest.raises(Problem, match=r"revision 0 is not the newest \(1\)") as said:
        site.corrections.put(video, 0, [edit("Bark", 0, 1)])
    assert said.value.status == 412
    assert site.corrections.get(video)["events"] == []


def test_back_to_what_was_found(site: Site, video: str) -> None:
    site.corrections.put(video, 0, [])
    site.corrections.delete(video)
    said = site.corrections.get(video)
    assert (said["revision"], said["corrected"], len(said["events"])) == (2, False, 1)
    with pytest.raises(Problem, match="revision 1 is not the newest"):
        site.corrections.put(video, 1, [])
    site.corrections.delete(video)
    assert site.corrections.get(video)["revision"] == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (edit("  ", 0, 1), r"event 2 has an empty label"),
        (edit("a", 2, 2), r"event 2 \(2-2 s\) must begin at 0 or later, before it ends"),
        (edit("a", 3, 1), r"event 2 \(3-1 s\) must begin"),
        (edit("a", -1, 1), r"event 2 \(-1-1 s\) must begin"),
        (edit("a", 0, float("inf")), r"event 2 \(0-inf s\) must begin"),
        (edit("a", 0, 12), r"event 2 ends at 12 s, after the film \(10 s\)"),
        (edit("a", 10.5, 10.9), r"event 2 ends at 10\.9 s, after the film \(10 s\)"),
        (edit("a", 10, 10.5), r"event 2 ends at 10\.5 s, after the film \(10 s\)"),
    ],
)
def test_events_that_cannot_be(site: Site, video: str, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said) as err:
        site.corrections.put(video, 0, [edit("fine", 0, 1), wrong])
    assert err.value.status == 422
    assert site.corrections.get(video)["revision"] == 0


def test_an_end_just_after_the_film_is_its_end(site: Site, video: str) -> None:
    assert site.corrections.put(video, 0, [edit("a", 1, 10.4)])["events"][0]["offset"] == 10.0


def test_names_that_people_gave(site: Site, video: str) -> None:
    site.corrections.put(video, 0, [edit("Gnome", 0, 1), edit("Bark", 2, 3)])
    assert site.corrections.labels() == {"Gnome", "Bark"}
    site.corrections.put(video, 1, [])
    assert site.corrections.labels() == set()
    assert site.videos.get(video)["corrected"]
    site.corrections.delete(video)
    assert not site.videos.get(video)["corrected"]


def test_nothing_to_teach(site: Site, video: str) -> None:
    with pytest.raises(Problem, match="no film was corrected: open a film"):
        site.corrections.lesson()
    site.corrections.put(video, 0, [])
    with pytest.raises(Problem, match="the corrections have no event"):
        site.corrections.lesson()


def test_a_lesson_of_an_event_and_the_rest_of_its_film(site: Site, video: str) -> None:
    site.corrections.put(video, 0, [edit("Gnome", 1, 4)])
    add(site, "b.mp4")
    work_off(site)
    assert [film["id"] for film in site.corrections.lesson()] == [video]


def test_an_event_that_fills_its_film_is_told_from_films_without_what_was_found_in_it(
    site: Site, video: str
) -> None:
    class Others(StubHands):
        def localize(self, film: Any, place: str, tell: Any) -> Any:
            return found(event("Meow" if film.name == "cat.mp4" else "Bark", 0, 2), name=film.name)

    site.corrections.put(video, 0, [edit("Gnome", 0, 10)])
    add(site, "dog.mp4")
    work_off(site, Others())
    with pytest.raises(Problem, match="'Gnome' fills its film from end to end"):
        site.corrections.lesson()
    cat = add(site, "cat.mp4")
    work_off(site, Others())
    lesson = site.corrections.lesson()
    assert [(film["id"], len(film["events"])) for film in lesson] == [(video, 1), (cat, 0)]


def test_two_events_are_told_from_one_another(site: Site, video: str) -> None:
    site.corrections.put(video, 0, [edit("Gnome", 0, 5), edit("Elf", 5, 10)])
    assert len(site.corrections.lesson()) == 1


def test_what_is_not_taught_yet(site: Site, video: str) -> None:
    def untaught() -> bool:
        return bool(site.videos.get(video)["untaught"])

    class SavedMeanwhile(StubHands):
        def teach(self, films: Sequence[Mapping[str, Any]], out: Path, tell: Tell) -> Lesson:
            site.corrections.put(video, 1, [edit("Owl", 1, 2)])
            return super().teach(films, out, tell)

    assert not untaught()
    site.corrections.put(video, 0, [edit("Gnome", 1, 2)])
    assert untaught()
    site.teach()
    work_off(site, SavedMeanwhile())
    assert untaught()  # of the Owl no model knows
    site.teach()
    work_off(site)
    assert not untaught()
    site.corrections.delete(video)
    assert untaught()  # a model knows what nobody says any more
