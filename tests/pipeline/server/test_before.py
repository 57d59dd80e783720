"""What the model before said, beside the answer that comes after it."""

import json
from typing import Any

from avel.pipeline.server.before import MOST_EVENTS, before, short
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import StubHands, add, event, found, work_off


def document(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events)}


def test_it_has_the_model_the_sentence_and_the_events() -> None:
    old = document(event("Bark", 1.0, 3.0, 0.9))
    told = json.loads(before("everyday", "1 event: Bark.", old, document()))
    assert told == {
        "model": "everyday",
        "summary": "1 event: Bark.",
        "changed": True,
        "events": [{"label": "Bark", "onset": 1.0, "offset": 3.0}],
    }


def test_another_score_alone_is_no_change() -> None:
    old, new = (document(event("Bark", 1.0, 3.0, score)) for score in (0.4, 0.9))
    assert not json.loads(before("everyday", "", old, new))["changed"]
    for other in (event("Meow", 1.0, 3.0), event("Bark", 1.0, 3.1), event("Bark", 0.9, 3.0)):
        assert json.loads(before("everyday", "", old, document(other)))["changed"]


def test_of_very_many_events_some_are_kept_and_all_compared() -> None:
    many = [event("Bark", k, k + 1.0) for k in range(MOST_EVENTS + 5)]
    told = json.loads(before("everyday", "", document(*many), document(*many[:-1])))
    assert len(told["events"]) == MOST_EVENTS
    assert told["changed"]


def test_a_list_does_not_name_the_events() -> None:
    text = before("everyday", "none", document(event("Bark", 1.0, 3.0)), document())
    assert json.loads(short(text) or "") == {
        "model": "everyday",
        "summary": "none",
        "changed": True,
    }
    assert short(None) is None


class Other(StubHands):
    def localize(self, film: Any, place: str, tell: Any) -> Any:
        return found(event("Gnome", 0, 2), event("Bark", 1.0, 3.0), name=film.name)


def test_a_film_remembers_the_model_before_the_one_of_now(site: Site) -> None:
    video = add(site)
    work_off(site)
    assert site.videos.get(video)["before"] is None
    _again(site, video, "everyday", Other())
    assert site.videos.get(video)["before"] is None  # the same model once more
    _again(site, video, "taught-1", StubHands())
    told = {"model": "everyday", "summary": "2 events", "changed": True}
    assert site.videos.get(video)["before"] == told
    _again(site, video, "taught-1", StubHands())
    assert site.videos.get(video)["before"] == told


def _again(site: Site, video: str, model: str, hands: StubHands) -> None:
    with site.database.writing() as write:
        write.execute(
            "INSERT OR IGNORE INTO models VALUES (?, ?, '[]', 0)", (model, str(site.folder.root))
        )
        site.videos.localize(write, video, model)
    work_off(site, hands)
