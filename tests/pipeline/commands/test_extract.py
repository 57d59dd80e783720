"""`avel extract`: what is counted, what is done again, what is refused."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.cache.fingerprint import fingerprint
from avel.cache.maintenance import stores
from avel.extractors import choose
from avel.pipeline.cli import main
from avel.pipeline.commands import extract
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.plan import Plan, plan_features
from tests.pipeline.commands.said import refused


def test_extract_counts_and_resumes(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("text")
    argv = ["extract", str(synth / "AVE"), str(bad), "--cache-dir", str(tmp_path / "c"), "--json"]
    assert main(argv) == 3
    first = json.loads(capsys.readouterr().out)
    assert (first["videos"], first["extracted"], first["cached"], first["failed"]) == (7, 6, 0, 1)
    assert first["failures"][0]["reason"] == "DECODE_ERROR"
    assert main(argv) == 3
    second = json.loads(capsys.readouterr().out)
    assert (second["extracted"], second["cached"], second["failed"]) == (0, 6, 1)


@pytest.mark.needs_cuda
@pytest.mark.usefixtures("exact")
def test_the_gpus_features_and_events_are_the_cpus(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole flow on both, each with a cache of its own."""
    kept, events = [], []
    for device in ("cpu", "cuda"):
        where = ["--cache-dir", str(tmp_path / device), "--device", device, "--json"]
        assert main(["extract", str(synth / "AVE"), *where]) == 0
        [store] = [found for found in stores(tmp_path / device) if found.stage == "features"]
        kept.append({key: store.get(key) for key in store.keys()})
        capsys.readouterr()
        assert main(["localize", str(synth / "AVE"), "--model", "synthetic", *where]) == 0
        events.append([video["events"] for video in json.loads(capsys.readouterr().out)])
    here, there = kept
    assert here.keys() == there.keys()
    assert len(here) == 6
    for key, arrays in here.items():
        assert arrays is not None
        for name in ("visual", "visual_map", "audio"):
            a, b = (np.float64(video[key][name]) for video in (here, there))
            a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
            sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
            assert ((a * b).sum(1)[sizes > 0] >= 0.9999 * sizes[sizes > 0]).all()
            assert ((sizes > 0) == (np.linalg.norm(a, axis=1) > 0)).all()
    spans = [[(e["label"], e["onset"], e["offset"]) for v in found for e in v] for found in events]
    assert spans[0] == spans[1]
    assert spans[0]


def test_extract_of_a_dataset_lists_missing_videos(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["extract", str(synth), "--cache-dir", str(tmp_path), "--json"]) == 3
    summary = json.loads(capsys.readouterr().out)
    assert summary["extracted"] == 6
    assert {f["reason"] for f in summary["failures"]} == {"MISSING_FILE"}
    assert summary["videos"] == 84


def test_wrong_weights(synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"not weights")
    code, text = refused(
        capsys,
        "extract",
        synth / "AVE",
        "--weights",
        tmp_path / "w.safetensors",
        "--cache-dir",
        tmp_path,
    )
    assert code == 4
    assert "cannot be read as weights" in text


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that are asked for; nothing is decoded."""
    found: list[Plan] = []

    def harvest(paths: list[Path], stores: object, plan: Plan, *_: object, **__: object) -> Any:
        found.append(plan)
        for number, path in enumerate(paths):
            yield Outcome(path, f"{number:064x}", cached=number % 2 == 0, cells=3)

    monkeypatch.setattr("avel.pipeline.batch.loop.harvest", harvest)
    return found


def test_the_summary_in_words(
    planned: list[Plan], synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["extract", str(synth / "AVE"), "--cache-dir", str(tmp_path)]) == 0
    mark = fingerprint(planned[0].features)
    summary = f"6 videos: 3 extracted, 3 cached, 0 failed; features {mark[:12]}\n"
    assert capsys.readouterr().out == summary


def test_frames_and_options_are_the_plans(planned: list[Plan], synth: Path, tmp_path: Path) -> None:
    argv = ["extract", str(synth / "AVE"), "--cache-dir", str(tmp_path), "--frames", "4"]
    assert main([*argv, "--precision", "bfloat16", "--option", "compile=true"]) == 0
    assert planned[0].segment.frames_per_cell == 4
    assert planned[0].features["config"]["options"]["precision"] == "bfloat16"
    assert fingerprint(planned[0].features) != fingerprint(plan_features(choose("audioclip-tiny")).features)  # fmt: skip


def test_missing_videos_are_said_one_by_one(
    planned: list[Plan], synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["extract", str(synth), "--cache-dir", str(tmp_path)]) == 3
    found = capsys.readouterr()
    lines = [line for line in found.err.splitlines() if line.startswith("MISSING_FILE: ")]
    assert len(lines) == 78
    assert f"MISSING_FILE: {synth}: no video file for id " in lines[0]
    assert found.out.startswith("84 videos: 3 extracted, 3 cached, 78 failed; features ")


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (["--extractor", "nix"], 2, "no extractor 'nix'; there are audioclip"),
        (["--option", "nix=1"], 2, "extractor 'audioclip-tiny' has no option 'nix'; it has"),
        (["--option", "nix"], 2, "--option 'nix' must be KEY=VALUE"),
        (["--frames", "90"], 2, "segment.frames_per_cell (90) must be in [1, 60]"),
        (["--adapters", "nowhere"], 4, "nowhere"),
        (["--weights", "none.pt"], 4, "none.pt: no such weight file"),
        (["--timeout", "0"], 2, "timeout_seconds (0.0) must be greater than 0"),
        (["--arrays", "visual,map"], 2, "--arrays visual,map: no array 'map'; there are visual"),
        (["--map-dtype", "int4"], 2, "--map-dtype int4: must be one of float16, int8"),
        (["--segments", "--no-segments"], 2, "--segments and --no-segments: give one of the two"),
    ],
)
def test_what_is_refused(
    synth: Path,
    tmp_path: Path,
    given: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["extract", synth / "AVE", "--cache-dir", tmp_path, *given]
    found, text = refused(capsys, *argv)
    assert message in text
    assert found == code


def test_a_config_says_the_features(planned: list[Plan], tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("segment: {sound_seconds: [2, 4], views: 1}\n")
    (tmp_path / "a.mp4").touch()
    given = ["--config", str(config), "--cache-dir", str(tmp_path / "cache")]
    assert main(["extract", str(tmp_path / "a.mp4"), *given]) == 0
    (plan,) = planned
    assert plan.segment.sound_seconds == (2, 4)
    assert plan.segment.views == 1
    expected = plan_features(choose("audioclip-tiny"), {"sound_seconds": [2, 4], "views": 1})
    assert fingerprint(plan.features) == fingerprint(expected.features)


@pytest.mark.parametrize(
    "words",
    [
        ("--extractor", "vgg19"),
        ("--frames", "2"),
        ("--option", "compile=true"),
        ("--arrays", "audio"),
        ("--map-dtype", "int8"),
    ],
)
def test_a_config_beside_what_it_says(
    words: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(capsys, "extract", tmp_path / "a.mp4", "--config", "dmsf", *words)
    assert code == 2
    assert f"--config dmsf says which features; leave out {words[0]}" in text


def test_what_is_kept_is_the_plans(planned: list[Plan], synth: Path, tmp_path: Path) -> None:
    argv = ["extract", str(synth / "AVE"), "--cache-dir", str(tmp_path)]
    assert main([*argv, "--arrays", "visual,audio"]) == 0
    assert main([*argv, "--map-dtype", "int8"]) == 0
    assert main([*argv, "--map-dtype", "float16"]) == 0
    assert [plan.features.get("kept") for plan in planned] == [
        {"arrays": ["audio", "visual"]},
        {"map_dtype": "int8"},
        None,
    ]


@pytest.mark.parametrize(
    ("config", "spares"), [("", True), ("{}", True), ("augment: {enabled: true}", False)]
)
def test_many_videos_spare_their_cells_unless_training_reads_them(
    planned: list[Plan],
    synth: Path,
    tmp_path: Path,
    config: str,
    spares: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("avel.pipeline.batch.extraction.MANY", 5)
    argv = ["extract", str(synth / "AVE"), "--cache-dir", str(tmp_path)]
    if config:
        (tmp_path / "mine.yaml").write_text(f"{config}\n")
        argv += ["--config", str(tmp_path / "mine.yaml")]
    assert main(argv) == 0
    said = "more than 1,000 videos: decoded pictures and sound are not cached"
    assert (said in capsys.readouterr().err) is spares
    assert main([*argv, "--segments"]) == 0
    assert said not in capsys.readouterr().err


def test_a_folder_tells_of_the_run(
    planned: list[Plan], synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page at the end, of a dataset whose videos are not all there."""
    report = tmp_path / "report"
    argv = ["extract", str(synth), "--cache-dir", str(tmp_path / "c"), "--report", str(report)]
    assert main(argv) == 3
    assert f"wrote {report / 'index.html'}" in capsys.readouterr().err
    said = json.loads((report / "report.json").read_text())
    assert (said["videos"], said["extracted"], said["cached"], said["missing"]) == (84, 3, 3, 78)
    assert said["reasons"]["MISSING_FILE"]["count"] == 78
    (report / "index.html").unlink()
    assert main(["report", str(report)]) == 0, "a killed run's folder is finished so"
    assert (report / "index.html").is_file()


def test_a_run_that_breaks_off_has_its_page(
    planned: list[Plan], synth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def harvest(paths: list[Path], *_: object, **__: object) -> Any:
        yield Outcome(next(iter(paths)), "0" * 64, cells=3)
        raise KeyboardInterrupt

    monkeypatch.setattr("avel.pipeline.batch.loop.harvest", harvest)
    report = tmp_path / "report"
    argv = ["extract", str(synth / "AVE"), "--cache-dir", str(tmp_path), "--report", str(report)]
    assert main(argv) == 130
    said = json.loads((report / "report.json").read_text())
    assert (said["extracted"], said["untold"]) == (1, 5)


def test_what_cannot_come_to_anything_is_said_at_once(
    planned: list[Plan], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(capsys, "extract", tmp_path / "a.mp4", "--cache-dir", tmp_path)
    assert code == 2
    assert "a.mp4: cannot be read, nor can any other of 1 files" in text
    assert planned == []


def test_missing_weights_are_said_at_once(
    planned: list[Plan],
    synth: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "none"))
    argv = ["extract", synth / "AVE", "--extractor", "mn40_none", "--cache-dir", tmp_path / "c"]
    code, _ = refused(capsys, *(a if a != "mn40_none" else "audioclip" for a in argv))
    assert code == 4
    assert planned == []


def test_a_gpu_that_is_not_there(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--cache-dir", tmp_path / "c", "--device", "cuda:99"]
    code, text = refused(capsys, "extract", synth / "AVE", *where)
    assert code == 4
    assert "device 'cuda:99' cannot be used" in text
    assert "use --device cpu, or see `avel doctor`" in text


def test_more_loops_than_gpus(
    planned: list[Plan],
    synth: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("avel.pipeline.work.runtime.visible_gpus", lambda device: ["0", "3"])
    code, text = refused(
        capsys, "extract", synth / "AVE", "--cache-dir", tmp_path / "c", "--devices", "3"
    )
    assert code == 4
    assert "--devices 3: there are 2 GPUs (0, 3); ask for as many, or set CUDA_VISIBLE_DEVI" in text


def test_no_scheduler_answers(
    planned: list[Plan],
    synth: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("avel.pipeline.batch.cluster.CONNECT_SECONDS", 1)
    given = ["--cluster", "tcp://127.0.0.1:9", "--cache-dir", tmp_path / "c"]
    code, text = refused(capsys, "extract", synth / "AVE", *given)
    assert code == 4
    assert "tcp://127.0.0.1:9: no scheduler answers there; start one with `dask scheduler`" in text


def test_a_report_is_of_one_recipe_and_one_run(
    planned: list[Plan], synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is the folder of a training one."""
    argv = ["extract", synth / "AVE", "--cache-dir", tmp_path / "c", "--report"]
    assert main([str(word) for word in [*argv, tmp_path / "night"]]) == 0
    capsys.readouterr()
    code, text = refused(capsys, *argv, tmp_path / "night", "--frames", "2")
    assert code == 2
    assert "night: tells of other features (" in text
    assert "name another folder for each recipe" in text
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.pt").touch()
    code, text = refused(capsys, *argv, tmp_path / "run")
    assert code == 2
    assert "run: holds other files and no run.json of a run; name a new folder" in text


@pytest.mark.parametrize("minutes", ["-1", "nan", "inf", "soon"])
def test_a_wait_that_is_none(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["extract", "x", f"--wait-for-room={minutes}"])
    assert caught.value.code == 2
    assert "--wait-for-room" in capsys.readouterr().err


@pytest.mark.parametrize("came_to", ["cpu", "gpu"])
def test_loops_are_told_where_pictures_are_decoded(came_to: str) -> None:
    """`auto` was settled by the run; its loops are not to find out again, each for itself."""

    class Work:
        def apart(self, words: list[str], command: list[str]) -> list[str]:
            return words

    words = ["extract", "films", "--decode", "auto", "--devices", "2"]
    args = argparse.Namespace(devices=2, cluster=None, words=words, decode=came_to)
    told: list[str] = extract._outcomes(args, Work(), None, [])  # type: ignore[arg-type,assignment]
    parser = argparse.ArgumentParser()
    extract.add_arguments(parser)
    assert parser.parse_args(told).decode == came_to
