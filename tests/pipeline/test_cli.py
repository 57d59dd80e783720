"""The command line in-process: results on stdout, words on stderr, exit codes, every bad input."""

import csv
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.synth.script import SynthConfig, annotated_scripts, class_names
from tests.films import clicks, regular, write_film


def run_json(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, list[dict]]:  # type: ignore[type-arg]
    code = main([str(a) for a in argv])
    return code, json.loads(capsys.readouterr().out)


def test_unseen_videos_get_their_true_events(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shipped weights, videos of another seed: at least 80 % of all seconds right."""
    code, results = run_json(capsys, "localize", synth / "AVE", "--cache-dir", warm, "--json")
    assert code == 0
    assert len(results) == 6
    scripts = {
        s.video_id: s
        for s in annotated_scripts(SynthConfig(num_videos=84, noisy_share=0, seed=777))
    }
    names, right = class_names(), 0
    for result in results:
        script = scripts[Path(result["file"]).stem]
        for second in range(10):
            truth = {names[c] for c, start, end in script.rows if start <= second < end}
            found = {e["label"] for e in result["events"] if e["onset"] <= second < e["offset"]}
            right += truth == found
    assert right >= 48


def test_results_follow_their_schema(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, results = run_json(capsys, "localize", synth / "AVE", "--cache-dir", warm, "--json")
    documented = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    for result in results:
        assert result["schema"] == "avel.result/1"
        assert all(f"| `{field}` |" in documented for field in result)
        assert len(result["relevance"]) == len(result["top_classes"]) == result["segments"] == 10
        assert "synthetic" in result["model"]["knows"]


def test_a_warm_cache_decodes_nothing_and_loads_no_encoder(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_json(capsys, "localize", synth / "AVE", "--cache-dir", warm, "--json")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the cache was warm")

    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders.start", never)
    monkeypatch.setattr("avel.extractors.extractor.FrozenExtractor.__init__", never)
    assert run_json(capsys, "localize", synth / "AVE", "--cache-dir", warm, "--json") == first


def test_fresh_and_cached_are_the_same_bits(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One video alone, in a cache of its own, without segments: the numbers of the shared run."""
    video = sorted((synth / "AVE").glob("*.mp4"))[3]
    _, cached = run_json(capsys, "localize", video, "--cache-dir", warm, "--json")
    _, fresh = run_json(
        capsys, "localize", video, "--cache-dir", tmp_path, "--json", "--no-segments"
    )
    assert fresh == cached


@pytest.mark.parametrize("stage", ["segments", "features", "scores"])
def test_damage_is_named_and_computed_again(
    synth: Path,
    warm: Path,
    tmp_path: Path,
    stage: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Bytes flipped all over a stage's shards: the results stay, the shards are named."""
    cache = tmp_path / "cache"
    shutil.copytree(warm, cache)
    expected = run_json(capsys, "localize", synth / "AVE", "--cache-dir", cache, "--json")
    for shard in cache.glob(f"{stage}/*/*.h5"):
        data = bytearray(shard.read_bytes())
        for at in range(len(data) // 2, len(data), max(1, len(data) // 40)):
            data[at] ^= 0x55
        shard.write_bytes(bytes(data))
    for later in {"segments": ("features", "scores"), "features": ("scores",)}.get(stage, ()):
        shutil.rmtree(cache / later)  # a stage is read only where what comes of it is missing
    assert run_json(capsys, "localize", synth / "AVE", "--cache-dir", cache, "--json") == expected
    assert "damaged, computed again" in caplog.text
    assert f"/{stage}/" in caplog.text


def test_written_results(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert (
        main(
            [
                "localize",
                str(synth / "AVE"),
                "--cache-dir",
                str(warm),
                "--truth",
                str(synth),
                "--out",
                str(out),
            ]
        )
        == 0
    )
    text = capsys.readouterr().out
    assert text.count("truth") >= 6
    assert len(list(out.glob("*.json"))) == len(list(out.glob("*.html"))) == 6
    rows = list(csv.DictReader((out / "events.csv").open()))
    assert rows
    assert list(rows[0]) == ["file", "onset", "offset", "label", "score"]
    page = next(out.glob("*.html")).read_text()
    assert page.count("data:image/jpeg") == 20
    assert "data:video/mp4" in page
    assert "http" not in page.replace("http-equiv", "")


def test_report_escapes_every_string(warm: Path, tmp_path: Path) -> None:
    video = write_film(
        tmp_path / "x.mp4", frame_times=regular(25), samples=clicks(44_100, [5]), audio_codec="aac"
    )
    evil = video.rename(tmp_path / "<img src=x onerror=alert(1)>&.mp4")
    assert (
        main(["localize", str(evil), "--cache-dir", str(warm), "--out", str(tmp_path / "out")]) == 0
    )
    page = next((tmp_path / "out").glob("*.html")).read_text()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;" in page


def test_missing_streams_are_explained(
    warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = write_film(tmp_path / "silent.mp4", frame_times=regular(50))
    blind = write_film(tmp_path / "blind.wav", samples=clicks(44_100, [5]))
    code, results = run_json(capsys, "localize", silent, blind, "--cache-dir", warm, "--json")
    assert code == 0
    assert [(r["status"], r["reasons"], r["events"]) for r in results] == [
        ("partial", ["NO_AUDIO"], []),
        ("partial", ["NO_VIDEO"], []),
    ]
    assert "no sound" in results[0]["notes"][0]
    assert "no picture" in results[1]["notes"][0]


def test_real_videos_are_not_taken_for_what_the_weights_know(
    media: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shipped weights know synthetic classes only: no real video may get such an event."""
    files = sorted(media.glob("*.m[pk][43v]")) + sorted(media.glob("*.wav"))
    code, results = run_json(capsys, "localize", *files, "--cache-dir", warm, "--json")
    assert code == 0
    for result in results:
        assert result["status"] in ("ok", "partial"), result
        assert result["events"] == []
        assert result["notes"], result["file"]
    by_name = {Path(r["file"]).name: r for r in results}
    assert "out of domain" in by_name["dog_barking.mp4"]["notes"][0]
    assert by_name["silence_girl.mp4"]["reasons"] == ["NO_AUDIO"]
    assert by_name["dog_barking.mp4"]["segments"] == 8


def test_one_bad_file_does_not_stop_the_others(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "letter.mp4").write_text("Dear reader")
    good = next((synth / "AVE").glob("*.mp4"))
    code, results = run_json(
        capsys,
        "localize",
        tmp_path / "empty.mp4",
        tmp_path / "letter.mp4",
        tmp_path / "none.mp4",
        good,
        "--cache-dir",
        warm,
        "--json",
    )
    assert code == 3
    assert [r["reasons"] for r in results] == [["EMPTY"], ["DECODE_ERROR"], ["MISSING_FILE"], []]
    assert results[3]["status"] == "ok"
    assert "is text" in results[1]["message"]


def test_a_long_video_goes_through_in_windows(
    warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_film(
        tmp_path / "long.mkv",
        frame_times=regular(150, 2),
        samples=clicks(75 * 44_100, [5]),
        codec="ffv1",
        pixel_format="bgr0",
        options={},
    )
    code, results = run_json(capsys, "localize", path, "--cache-dir", warm, "--json")
    assert code == 0
    assert results[0]["segments"] == len(results[0]["relevance"]) == 75


def test_names_that_start_with_a_dash(
    synth: Path,
    warm: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = next((synth / "AVE").glob("*.mp4"))
    (tmp_path / "-abcdefghij.mp4").symlink_to(good)
    monkeypatch.chdir(tmp_path)
    code, results = run_json(capsys, "localize", "-abcdefghij.mp4", "--cache-dir", warm, "--json")
    assert code == 0
    assert results[0]["segments"] == 10


def test_lists_are_read_relative_to_themselves(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = next((synth / "AVE").glob("*.mp4"))
    (tmp_path / "-dash.mp4").symlink_to(good)
    (tmp_path / "list.txt").write_text("-dash.mp4\n\n")
    code, results = run_json(
        capsys, "localize", tmp_path / "list.txt", "--cache-dir", warm, "--json"
    )
    assert code == 0
    assert len(results) == 1


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


def test_extract_of_a_dataset_lists_missing_videos(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["extract", str(synth), "--cache-dir", str(tmp_path), "--json"]) == 3
    summary = json.loads(capsys.readouterr().out)
    assert summary["extracted"] == 6
    assert {f["reason"] for f in summary["failures"]} == {"MISSING_FILE"}
    assert summary["videos"] == 84


STOPPED = """
import os, sys
from avel.pipeline.cli import main
from avel.pipeline.work import progress
real, number = progress.Progress.track, int(sys.argv[1])
def track(self, items):
    for count, item in enumerate(real(self, items)):
        yield item
        if count == 2:
            os.killpg(0, number)  # as a terminal does: everybody hears it
progress.Progress.track = track
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_keeps_what_is_finished(
    synth: Path, tmp_path: Path, number: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped after three videos of six; run again, only the rest is done."""
    argv = ["extract", str(synth / "AVE"), "--cache-dir", str(tmp_path / "c"), "--batch", "10"]
    stopped = subprocess.run(
        [sys.executable, "-c", STOPPED, str(int(number)), *argv],
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert stopped.returncode == code, stopped.stderr
    assert "everything finished is kept" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not list((tmp_path / "c").rglob(".*.part"))
    assert main([*argv, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["cached"] + summary["extracted"] == 6
    assert 3 <= summary["cached"] < 6


def test_help_loads_no_library() -> None:
    code = "import sys; from avel.pipeline.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += (
        "print([m for m in ('torch', 'numpy', 'av', 'h5py', 'joblib', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
