"""Scripts: events exactly where sight and sound agree, AVE's quirks, everything from the seed."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.pipeline.synth.looks import FILLS, NUM_LOOKS, SHAPES
from avel.pipeline.synth.script import (
    BACKGROUNDS,
    CELLS,
    NOTHING,
    Script,
    SynthConfig,
    _annotated,
    _background,
    annotated_scripts,
    class_names,
    noisy_scripts,
    timbre_of,
)
from avel.pipeline.synth.timbres import VOICES

CONFIG = SynthConfig(num_videos=1000, seed=3)


@pytest.fixture(scope="module")
def scripts() -> list[Script]:
    return annotated_scripts(CONFIG)


def agreeing(script: Script) -> list[int]:
    return [t for t in range(CELLS) if script.seen[t] == script.heard[t] != NOTHING]


# Events and what is around them.


def test_events_are_exactly_where_sight_and_sound_agree(scripts: list[Script]) -> None:
    for number, script in enumerate(scripts):
        if number == 3:
            continue  # the row without an event
        events = [t for _, start, end in script.rows for t in range(start, end)]
        assert sorted(events) == agreeing(script)
        for label, start, end in script.rows:
            assert set(script.seen[start:end]) == {label}


def test_background_only_videos_never_agree() -> None:
    noisy = noisy_scripts(CONFIG)
    assert len(noisy) == 150
    assert not any(agreeing(script) for script in noisy)
    assert not any(script.rows for script in noisy)
    assert any(label != NOTHING for script in noisy for label in script.seen)
    assert any(label != NOTHING for script in noisy for label in script.heard)


def test_one_modality_cannot_know(scripts: list[Script]) -> None:
    """The best guess from what is seen (or heard) alone is right for at most 75 % of segments."""
    for modality in ("seen", "heard"):
        right = total = 0
        for script in scripts:
            shown = np.array(getattr(script, modality))
            events = np.zeros(CELLS, bool)
            for _, start, end in script.rows:
                events[start:end] = True
            # an oracle that knows the event's class, and must treat equal looks alike
            for value in set(shown.tolist()):
                same = events[shown == value]
                right += max(same.sum(), (~same).sum()) if value == NOTHING else same.sum()
                total += len(same)
        assert right / total < 0.75


def test_backgrounds_come_as_often_as_the_table_says() -> None:
    """Each kind within four standard deviations of its share of 4,000 draws."""
    rng, draws, found = np.random.default_rng(5), 4000, Counter()
    for _ in range(draws):
        seen, heard = np.full(CELLS, NOTHING), np.full(CELLS, NOTHING)
        _background(seen, heard, slice(2, 6), 4, rng)
        assert set(seen[[0, 1, 6, 7, 8, 9]]) == set(heard[[0, 1, 6, 7, 8, 9]]) == {NOTHING}
        assert len(set(seen[2:6])) == len(set(heard[2:6])) == 1
        found[kind_of(int(seen[2]), int(heard[2]), 4)] += 1
    assert sum(BACKGROUNDS.values()) == pytest.approx(1)
    for kind, share in BACKGROUNDS.items():
        spread = 4 * np.sqrt(share * (1 - share) / draws)
        assert found[kind] / draws == pytest.approx(share, abs=spread), kind


def kind_of(seen: int, heard: int, label: int) -> str:
    if seen == label:
        return "seen only" if heard == NOTHING else "seen, other heard"
    if heard == label:
        return "heard only" if seen == NOTHING else "heard, other seen"
    assert seen == heard == NOTHING
    return "neither"


def test_events_have_every_length_and_place(scripts: list[Script]) -> None:
    rows = [script.rows[0] for number, script in enumerate(scripts) if number != 3]
    lengths = Counter(end - start for _, start, end in rows)
    assert set(lengths) == {2, 3, 4, 5, 6, 7, 8, 10}
    assert lengths[10] / len(rows) == pytest.approx(0.15, abs=0.045)
    short = [start for _, start, end in rows if end - start == 2]
    assert {min(short), max(short)} == {0, 8}


# Everything from the seed.


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(4, 100_000), st.integers(0, NUM_LOOKS - 1))
def test_a_script_is_a_function_of_seed_and_row(seed: int, row: int, label: int) -> None:
    script = _annotated(seed, row, label)
    assert script == _annotated(seed, row, label)
    assert script.seed == (seed, row)
    assert script != _annotated(seed + 1, row, label)
    assert len(script.seen) == len(script.heard) == CELLS
    assert all(NOTHING <= value < NUM_LOOKS for value in script.seen + script.heard)
    for name, start, end in script.rows:
        assert 0 <= start < end <= CELLS
        assert 0 <= name < NUM_LOOKS


def test_more_videos_are_the_same_ones_and_others(scripts: list[Script]) -> None:
    longer = annotated_scripts(SynthConfig(num_videos=1500, seed=3))
    assert [s.video_id for s in longer[:1000]] == [s.video_id for s in scripts]


def test_another_seed_is_another_dataset(scripts: list[Script]) -> None:
    other = annotated_scripts(SynthConfig(num_videos=1000, seed=4))
    assert {s.video_id for s in other}.isdisjoint(s.video_id for s in scripts)


def test_background_only_videos_are_others_than_the_annotated(scripts: list[Script]) -> None:
    ids = [script.video_id for script in [*scripts, *noisy_scripts(CONFIG)]]
    assert len(set(ids)) == len(ids) == 1150


# AVE's quirks.


def test_quirks_of_ave(scripts: list[Script]) -> None:
    assert 0.2 < np.mean([s.video_id.startswith("-") for s in scripts]) < 0.3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{11}", s.video_id) for s in scripts)
    assert sum(len(s.rows) == 2 for s in scripts) >= 5
    assert [n for n, s in enumerate(scripts) if not s.has_audio] == [120, 320, 520, 720, 920]
    assert [s.rows for s in scripts if any(start == end for _, start, end in s.rows)] == [
        ((0, 0, 0),)
    ]
    assert not agreeing(scripts[3])


def test_two_rows_on_one_video_are_of_two_classes_and_do_not_overlap(scripts: list[Script]) -> None:
    for script in (s for s in scripts if len(s.rows) == 2):
        (label, start, end), (other, low, high) = script.rows
        assert label != other
        assert (low, high) in ((0, start), (end, CELLS))
        assert high - low == max(start, CELLS - end)


def test_classes_come_one_after_another_and_are_equally_many(scripts: list[Script]) -> None:
    labels = [script.rows[0][0] for number, script in enumerate(scripts) if number != 3]
    assert labels == sorted(labels)
    counts = Counter(labels)
    assert set(counts) == set(range(NUM_LOOKS))
    assert max(counts.values()) - min(counts.values()) <= 2


def test_class_names_say_look_and_voice() -> None:
    names = class_names()
    assert len(set(names)) == len(names) == NUM_LOOKS == 28
    for label, name in enumerate(names):
        look, voice = name.split(", ")  # AVE's names hold commas too
        fill, shape = look.lower().split()
        assert (SHAPES.index(shape), FILLS.index(fill)) == divmod(label, len(FILLS))
        assert VOICES.index(voice) == timbre_of(label) % len(VOICES)


def test_every_look_has_one_sound() -> None:
    assert sorted(timbre_of(label) for label in range(NUM_LOOKS)) == list(range(NUM_LOOKS))
    assert any(timbre_of(label) != label for label in range(NUM_LOOKS))


def test_too_few_videos_for_the_splits() -> None:
    rule = r"num_videos \(83\) must be at least 84: 28 classes in three splits"
    with pytest.raises(ValueError, match=rule):
        SynthConfig(num_videos=83)
    assert len(annotated_scripts(SynthConfig(num_videos=84))) == 84


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.15, 13), (1.0, 84)])
def test_background_only_videos_are_a_share(share: float, count: int) -> None:
    assert len(noisy_scripts(SynthConfig(num_videos=84, noisy_share=share))) == count
