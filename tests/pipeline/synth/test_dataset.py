"""The synthetic AVE: equal seeds give equal files, AVE's quirks are there, events are where both are."""

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

from avel.cache.ave_h5 import read_labels
from avel.pipeline.datasets.ave import open_ave, segment_labels
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.film import film
from avel.pipeline.synth.looks import Style
from avel.pipeline.synth.script import (
    CELLS,
    NOTHING,
    Script,
    SynthConfig,
    annotated_scripts,
    class_names,
    noisy_scripts,
    timbre_of,
)
from avel.pipeline.synth.timbres import Timbre

CONFIG = SynthConfig(num_videos=1000, seed=3)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("synth")
    list(write_synth(root, SynthConfig(num_videos=84, seed=3), 1, only_test=2))
    return root


def test_equal_seeds_give_equal_files(dataset: Path, tmp_path: Path) -> None:
    list(write_synth(tmp_path, SynthConfig(num_videos=84, seed=3), 2, only_test=2))
    hashes = [
        {
            p.relative_to(root): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in root.rglob("*.*")
            if p.suffix != ".h5"
        }
        for root in (dataset, tmp_path)
    ]
    assert hashes[0] == hashes[1]
    assert any(path.suffix == ".mp4" for path in hashes[0])


def test_another_seed_is_another_dataset() -> None:
    other = annotated_scripts(SynthConfig(num_videos=1000, seed=4))
    assert {s.video_id for s in other}.isdisjoint(s.video_id for s in annotated_scripts(CONFIG))


def test_events_are_exactly_where_sight_and_sound_agree() -> None:
    for number, script in enumerate(annotated_scripts(CONFIG)):
        if number == 3:
            continue  # the row without an event
        agree = [t for t in range(CELLS) if script.seen[t] == script.heard[t] != NOTHING]
        events = [t for _, start, end in script.rows for t in range(start, end)]
        assert sorted(events) == agree
        for label, start, end in script.rows:
            assert set(script.seen[start:end]) == {label}


def test_background_only_videos_never_agree() -> None:
    for script in noisy_scripts(CONFIG):
        assert not any(s == h != NOTHING for s, h in zip(script.seen, script.heard, strict=True))


def test_one_modality_cannot_know() -> None:
    """The best guess from what is seen (or heard) alone is right for at most 75 % of segments."""
    for modality in ("seen", "heard"):
        right = total = 0
        for script in annotated_scripts(CONFIG):
            shown = getattr(script, modality)
            events = np.zeros(CELLS, bool)
            for _, start, end in script.rows:
                events[start:end] = True
            # an oracle that knows the event's class, and must treat equal looks alike
            for value in set(shown):
                same = events[[t for t in range(CELLS) if shown[t] == value]]
                right += max(same.sum(), (~same).sum()) if value == NOTHING else same.sum()
                total += len(same)
        assert right / total < 0.75


def test_quirks_of_ave() -> None:
    scripts = annotated_scripts(CONFIG)
    assert 0.2 < np.mean([s.video_id.startswith("-") for s in scripts]) < 0.3
    assert all(len(s.video_id) == 11 for s in scripts)
    assert sum(len(s.rows) == 2 for s in scripts) >= 5
    assert sum(not s.has_audio for s in scripts) == 5
    assert [s.rows for s in scripts if any(start == end for _, start, end in s.rows)] == [
        ((0, 0, 0),)
    ]
    assert any("," in name for name in class_names())
    assert len(set(class_names())) == 28
    assert sorted(timbre_of(c) for c in range(28)) == list(range(28))


def test_tables_read_back(dataset: Path) -> None:
    data = open_ave(dataset)
    assert list(data.classes) == class_names()
    assert sum(len(order) for order in data.splits.values()) == len(data.rows)
    assert len(set(np.concatenate(list(data.splits.values())))) == len(data.rows)
    assert read_labels(dataset / "labels_noisy.h5").argmax(1).tolist() == [28] * len(data.noisy)
    assert all(
        set(segment_labels([data.rows[r] for r in order], 28).ravel()) >= {28}
        for order in data.splits.values()
    )


def test_videos_show_and_sound_what_the_script_says(dataset: Path) -> None:
    scripts = {s.video_id: s for s in annotated_scripts(SynthConfig(num_videos=84, seed=3))}
    for path in (dataset / "AVE").glob("*.mp4"):
        script = scripts[path.stem]
        with av.open(str(path)) as container:
            assert [s.codec_context.name for s in container.streams] == ["h264", "aac"]
        segments = segment_whole(path, SegmentConfig())
        assert len(segments.frames) == CELLS
        loudness = np.abs(segments.samples[:, 4410:-4410].astype(float)).mean(1)
        quiet = [loudness[t] for t in range(CELLS) if script.heard[t] == NOTHING]
        loud = [loudness[t] for t in range(CELLS) if script.heard[t] != NOTHING]
        if quiet and loud:
            assert min(loud) > 2 * max(quiet)


def test_an_object_is_there_exactly_in_its_cells(tmp_path: Path) -> None:
    """A plain disc in the first five cells: it covers a disc's share of pixels, and then none."""
    script = Script(
        "disc", (0, 1), (0,) * 5 + (NOTHING,) * 5, (NOTHING,) * CELLS, (), has_audio=False
    )
    path = film(script, tmp_path / "disc.mp4", Style(), Timbre())
    frames = segment_whole(path, SegmentConfig()).frames[:, 0].astype(float)
    empty = frames[9]
    covered = [(np.abs(frame - empty).max(0) > 40).mean() for frame in frames]
    assert min(covered[:5]) > 0.04
    assert max(covered[5:]) < 0.002
