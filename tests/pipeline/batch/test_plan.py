"""A plan says what is there and what it will take, and changes nothing."""

from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.batch import plan as plan_module
from avel.pipeline.batch.plan import free_bytes, make_plan
from avel.pipeline.method.harvest import harvest
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.method.stubs import ScriptedDecoders, StubEncoder, cells, file, stub_plan


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten of two seconds and 1,000 bytes each, one of which is damaged."""
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    scripts: dict[str, list] = {f"{n}.mp4": [cells(2, n, duration=2.0), "end"] for n in range(9)}
    scripts["9.mp4"] = [MediaError(Reason.DECODE_ERROR, "9.mp4: no frame")]
    monkeypatch.setattr(ScriptedDecoders, "scripts", scripts)
    folder = tmp_path / "films"
    folder.mkdir()
    for name in scripts:
        file(folder, name, name.ljust(1_000))
    return folder


def planned(films: Path, *names: str, **options: Any) -> dict[str, Any]:
    runtime = RuntimeConfig(cache_dir=films.parent / "cache", batch_cells=4, workers=2)
    inputs = [str(films / name) for name in names] or [str(films)]
    return make_plan(inputs, stub_plan(StubEncoder()), runtime, **options)


def tree(folder: Path) -> dict[str, bytes | None]:
    paths = sorted(folder.rglob("*")) if folder.exists() else []
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


def test_what_is_to_be_done(films: Path) -> None:
    found = planned(films, sample=20)
    assert [found[n] for n in ("items", "todo", "cached", "unreadable")] == [10, 10, 0, 0]
    assert found["bytes"] == 10_000
    assert found["sample"]["failed"] == {"DECODE_ERROR": 1}
    assert len(found["sample"]["tried"]) == 9
    expected = found["expected"]
    assert expected["media_seconds"]["likely"] == 20, "of those that can be decoded, by bytes"
    assert expected["decode_seconds"]["likely"] == 2.5
    assert expected["features_bytes"]["likely"] > 20 * (3 * 4 + 3 * 2 + 4)
    assert expected["segments_bytes"]["likely"] > 20 * (3 * 16 * 16 + 2 * 4_000)
    for each in expected.values():
        assert 0 <= each["low"] <= each["likely"] <= each["high"]
    assert any("no store of this stage" in line for line in found["why"])
    assert not (films.parent / "cache").exists()


def test_what_is_cached_is_no_work(films: Path) -> None:
    root, plan = films.parent / "cache", stub_plan(StubEncoder())
    runtime = RuntimeConfig(cache_dir=root)
    paths = [films / f"{n}.mp4" for n in range(6)]
    assert len(list(harvest(paths, plan.stores(root), plan, runtime))) == 6
    before = tree(root)
    found = planned(films)
    assert (found["todo"], found["cached"]) == (4, 6)
    assert found["expected"]["media_seconds"]["likely"] == 8
    assert tree(root) == before, "nothing is changed"
    assert any("exists; items are missing only if they were never made" in w for w in found["why"])
    done = planned(films, *(f"{n}.mp4" for n in range(6)))
    assert (done["todo"], done["expected"]["wall_seconds"]["high"]) == (0, 0)
    assert done["sample"] == {"tried": [], "failed": {}}


def test_another_cut_is_why(films: Path) -> None:
    root, plan = films.parent / "cache", stub_plan(StubEncoder())
    list(harvest([films / "1.mp4"], plan.stores(root), plan, RuntimeConfig(cache_dir=root)))
    other = StubEncoder()
    other.recipe = {"extractor": "other", "options": {}}
    runtime = RuntimeConfig(cache_dir=root, batch_cells=4)
    found = make_plan([str(films)], stub_plan(other), runtime)
    assert "  config.extractor: 'stub', wanted 'other'" in found["why"]


def test_more_devices_take_less_time(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speed = plan_module.Speed(0.0, 100.0, 0.0, 10.0)
    monkeypatch.setattr(plan_module, "encoder_speed", lambda *_: speed)
    one, four = planned(films), planned(films, devices=4)
    wall = [found["expected"]["wall_seconds"]["likely"] for found in (one, four)]
    assert wall[0] == pytest.approx(4 * wall[1], rel=0.01)
    assert four["machine"]["loops"] == 4


def test_a_long_list_is_looked_at_in_part(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "MOST_LOOKED", 5)
    found = planned(films)
    assert (found["items"], found["todo"], found["exact"]) == (10, 10, False)
    assert found["expected"]["media_seconds"]["likely"] == 20


def test_a_sample_that_fails_as_a_whole_is_said(films: Path) -> None:
    with pytest.raises(InputError, match=r"none of 1 files that were tried can be decoded; the fi"):
        planned(films, "9.mp4")


def test_the_disk_of_a_folder_that_will_be(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b") > 0


def test_many_videos_keep_no_pictures_unless_asked_to(
    films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `extract` does, so that a plan's disk is that of its run."""
    assert planned(films)["expected"]["segments_bytes"]["likely"] > 0
    monkeypatch.setattr(plan_module, "MANY", 9)
    assert planned(films)["expected"]["segments_bytes"]["likely"] == 0
    assert planned(films, many_segments=True)["expected"]["segments_bytes"]["likely"] > 0
