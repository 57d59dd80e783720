"""What is said of one video's evidence: events, what one sense alone names, and in which words."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from avel.configs.events import Row
from avel.models.everyday import UNHEARD, Rule, hear, make_events, weigh
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found
from avel.pipeline.method.findings import ALIKE, Findings
from avel.pipeline.method.scores import SegmentScores

SOUNDS = ("Dog", "Yip", "Vehicle", "Car", "Truck", "Siren", "Speech", "Thunder")
SIGHTS = ("beagle", "cab", "pickup", "ambulance", "suit")
TABLE = {
    "Bark": Row("dog", {"Dog": 1.0, "Yip": 0.9}, {"beagle": 1.0}),
    "Car": Row("car", {"Car": 1.0, "Vehicle": 0.4}, {"cab": 1.0, "pickup": 0.5}),
    "Truck": Row("truck", {"Truck": 1.0, "Vehicle": 0.4}, {"pickup": 1.0}),
    "Siren": Row("emergency vehicle", {"Siren": 1.0}, {"ambulance": 1.0}),
    "Thunder": Row("storm", {"Thunder": 1.0}, {}),
    "Speech": Row("speaker", {"Speech": 1.0}, {"suit": 1.0}, 1.0, tells=False),
}
CONFIG = EventConfig("hysteresis", 0.5)
QUIET = -9.0


def find(sounds: dict[str, list[float]], seen: dict[str, list[float]], **changes: object) -> Found:
    """Findings of logits by sound and ratios by event, second by second; quiet and usual else."""
    T = len(next(iter({**sounds, **seen}.values())))
    heard = np.full((T, len(SOUNDS)), QUIET, np.float32)
    for name, values in sounds.items():
        heard[:, SOUNDS.index(name)] = values
    sight = np.full((T, len(TABLE)), -2, np.float32)
    for name, values in seen.items():
        sight[:, list(TABLE).index(name)] = values
    rule = Rule()
    events = make_events({k: asdict(row) for k, row in TABLE.items()}, SOUNDS, SIGHTS)
    odds = hear(heard, events, rule)
    none, ones = np.zeros(T, np.float32), np.ones(T, bool)
    scores = SegmentScores(
        none, np.zeros((T, len(TABLE) + 1), np.float32), ones, np.zeros((T, 0), np.float32), none, none,
        float(T), (), sight, odds, heard,
    )  # fmt: skip
    scores = replace(scores, **changes)  # type: ignore[arg-type]
    return Findings(TABLE, events, rule, scores, weigh(odds, sight, events, rule), SOUNDS).all(
        CONFIG
    )


def test_heard_and_seen_is_an_event_with_both_numbers() -> None:
    found = find({"Dog": [QUIET, 2, 3, QUIET]}, {"Bark": [5, 5, 5, 5]})
    (event,) = found.events
    assert (event.label, event.onset, event.offset) == ("Bark", 1, 3)
    assert event.evidence is not None
    assert event.evidence.heard == pytest.approx(2.5)
    assert event.evidence.seen == pytest.approx(5)
    assert event.evidence.sight == "supports"
    assert event.score == pytest.approx(1 / (1 + np.exp(-(3 + 0.4 * 5))), abs=1e-6)
    assert found.disagreements == []


def test_heard_without_its_sight_is_said_in_words() -> None:
    found = find({"Dog": [2, 2, QUIET]}, {"Car": [1, 1, 1]})
    assert found.events == []
    (only,) = found.disagreements
    assert (only.label, only.kind, only.words) == (
        "Bark", "heard, not seen", "no dog in the picture",
    )  # fmt: skip
    assert (only.onset, only.offset) == (0, 2)


def test_two_weak_names_of_one_sound_say_that_it_is_heard() -> None:
    """Neither is as likely as not, but that one of them is right is: 1 - 0.6 * 0.6."""
    odds = float(np.log(0.4 / 0.6))
    found = find({"Dog": [odds, odds], "Yip": [odds - 2 * np.log(0.9)] * 2}, {"Car": [1, 1]})
    expected = np.log(0.64 / 0.36) - ALIKE
    (only,) = found.disagreements
    assert (only.label, only.kind) == ("Bark", "heard, not seen")
    assert only.score == pytest.approx(1 / (1 + np.exp(-expected)), abs=1e-4)
    assert find({"Dog": [odds, odds]}, {"Car": [1, 1]}).disagreements == []


def test_where_the_event_itself_is_nothing_is_said_beside_it() -> None:
    found = find({"Siren": [QUIET] * 4 + [2, 2] + [QUIET] * 3}, {"Siren": [7] * 9})
    assert [(e.label, e.onset, e.offset) for e in found.events] == [("Siren", 4, 6)]
    beside = [(d.kind, d.label, d.onset, d.offset) for d in found.disagreements]
    assert beside == [("seen, not heard", "Siren", 0, 4), ("seen, not heard", "Siren", 6, 9)]


def test_a_voice_over_is_heard_where_sight_cannot_tell() -> None:
    found = find({"Speech": [0.5, 0.5]}, {"Bark": [7, 7]})
    assert found.events == []
    (only,) = [d for d in found.disagreements if d.label == "Speech"]
    assert (only.kind, only.words) == ("heard, sight cannot tell", "the picture cannot tell")


def test_what_has_no_sight_of_its_own_is_not_denied_by_the_picture() -> None:
    """Without sights in the table sight cannot tell, whatever the row says."""
    found = find({"Thunder": [0.5, 0.5]}, {"Bark": [7, 7]})
    assert found.events == []
    (only,) = [d for d in found.disagreements if d.label == "Thunder"]
    assert (only.kind, only.words) == ("heard, sight cannot tell", "the picture cannot tell")


def test_speech_needs_no_sight_where_nothing_else_is_plain() -> None:
    (event,) = find({"Speech": [1, 1]}, {}).events
    assert event.label == "Speech"
    assert event.evidence is not None
    assert event.evidence.sight == "cannot tell"


def test_seen_for_a_while_and_not_heard() -> None:
    found = find({}, {"Siren": [7, 7, 7]})
    (only,) = found.disagreements
    assert (only.label, only.kind, only.words) == (
        "Siren", "seen, not heard", "emergency vehicle in the picture",
    )  # fmt: skip


def test_one_moment_of_a_sight_is_not_worth_a_word() -> None:
    assert find({}, {"Siren": [-2, 7, -2]})[:3] == ([], [], [])


def test_the_stronger_of_two_of_a_kind_is_said() -> None:
    found = find({"Car": [2, 2, 2], "Truck": [1, 1, 1]}, {"Car": [5, 5, 5], "Truck": [5, 5, 5]})
    assert [event.label for event in found.events] == ["Car"]
    assert found.disagreements == []


def test_two_of_different_kinds_may_be_there_at_once() -> None:
    found = find({"Dog": [2, 2], "Car": [2, 2]}, {"Bark": [5, 5], "Car": [5, 5]})
    assert [event.label for event in found.events] == ["Bark", "Car"]


def test_strength_is_judged_second_by_second_against_what_is_said_already() -> None:
    """The naive way, a set of covered seconds by span, on many spans of two of a kind."""
    rng = np.random.default_rng(3)
    T = 120
    cars, trucks = (
        np.where(rng.random(T // 4) < 0.5, rng.uniform(1, 5, T // 4), QUIET).repeat(4) for _ in "ab"
    )
    found = find(
        {"Car": cars.tolist(), "Truck": trucks.tolist()}, {"Car": [4.0] * T, "Truck": [4.0] * T}
    )
    assert {event.label for event in found.events} == {"Car", "Truck"}
    taken: set[int] = set()
    for event in sorted(found.events, key=lambda event: -event.score):
        seconds = set(range(int(event.onset), int(event.offset)))
        assert len(seconds & taken) < 0.5 * len(seconds)
        taken |= seconds
    heard = {t for t in range(T) if max(cars[t], trucks[t]) > 1}
    assert len(heard - taken) < 0.2 * T  # what gave way lies under something stronger


def test_rivals_cost_no_more_for_a_long_video() -> None:
    """Each span is laid once over the seconds; no pair of spans is looked at."""
    one = [3.0, *[QUIET] * 7]
    looked: list[int] = []

    class Kin(np.ndarray):
        def __getitem__(self, key: object) -> object:
            looked.append(1)
            return super().__getitem__(key)

    T = 400 * len(one)
    heard = np.full((T, len(SOUNDS)), QUIET, np.float32)
    heard[:, 0] = one * 400
    sight = np.full((T, len(TABLE)), 5, np.float32)
    rule, none = Rule(), np.zeros(T, np.float32)
    events = make_events({k: asdict(row) for k, row in TABLE.items()}, SOUNDS, SIGHTS)
    odds = hear(heard, events, rule)
    scores = SegmentScores(
        none, np.zeros((T, len(TABLE) + 1), np.float32), np.ones(T, bool), np.zeros((T, 0), np.float32),
        none, none, float(T), (), sight, odds, heard,
    )  # fmt: skip
    findings = Findings(TABLE, events, rule, scores, weigh(odds, sight, events, rule), SOUNDS)
    vars(findings)["_kin"] = findings._kin.view(Kin)
    found = findings.all(CONFIG)
    assert len(found.events) == 400
    assert len(looked) < 4 * 400


def test_a_sound_shared_by_many_is_not_enough_to_name_one_unseen() -> None:
    assert find({"Vehicle": [3, 3]}, {}).disagreements == []
    assert [d.label for d in find({"Truck": [3, 3]}, {}).disagreements] == ["Truck"]


def test_every_sound_is_listed_whatever_is_seen() -> None:
    found = find({"Vehicle": [3, 3, QUIET], "Dog": [QUIET, 1, 1]}, {"Bark": [5, 5, 5]})
    assert [(s.label, s.onset, s.offset) for s in found.sounds] == [
        ("Vehicle", 0, 2), ("Dog", 1, 3),
    ]  # fmt: skip
    assert found.sounds[0].score == pytest.approx(1 / (1 + np.exp(-3)))


def test_without_a_picture_there_is_no_event_and_it_is_said() -> None:
    absent = np.zeros(2, bool)
    found = find({"Dog": [2, 2]}, {"Bark": [0, 0]}, present=absent)
    assert found.events == []
    assert [d.words for d in found.disagreements] == ["there is no picture"]


def test_without_sound_only_sights_are_named() -> None:
    silence = {name: [UNHEARD] * 3 for name in SOUNDS}
    found = find(silence, {"Bark": [7, 7, 7]}, present=np.zeros(3, bool))
    assert [(d.label, d.kind) for d in found.disagreements] == [("Bark", "seen, not heard")]
    assert found.sounds == []


def test_the_last_second_ends_with_the_video() -> None:
    found = find({"Dog": [2, 2]}, {"Bark": [5, 5]}, duration=1.4)
    assert found.events[0].offset == 1.4


def test_parts_a_second_apart_are_one() -> None:
    seen = {"Bark": [5.0] * 4}
    (one,) = find({"Dog": [2, QUIET, 2, QUIET]}, seen).events
    assert (one.onset, one.offset) == (0, 3)
    two = find({"Dog": [2, QUIET, QUIET, 2]}, seen).events
    assert [(e.onset, e.offset) for e in two] == [(0, 1), (3, 4)]


@pytest.mark.parametrize(("peak", "stop"), [(2.0, 1), (-1.0, 2)])
def test_an_event_ends_as_far_under_its_peak_as_under_the_threshold(peak: float, stop: int) -> None:
    """Log-odds of -1 belong to an event of 1, and not to one of 4."""
    (event,) = find({"Dog": [peak, -3, QUIET]}, {"Bark": [5, 5, 5]}).events
    assert (event.onset, event.offset) == (0, stop)


def test_the_clearest_sight_alone_is_named_unheard() -> None:
    found = find({}, {"Siren": [8, 8], "Bark": [7, 7]})
    assert [d.label for d in found.disagreements] == ["Siren"]


def test_a_sight_is_unheard_only_where_its_sound_is_not() -> None:
    found = find({"Siren": [2, QUIET, QUIET, QUIET]}, {"Siren": [7, 7, 7, 7]})
    assert [(e.label, e.onset, e.offset) for e in found.events] == [("Siren", 0, 1)]
    (only,) = found.disagreements
    assert (only.kind, only.onset, only.offset) == ("seen, not heard", 1, 4)
