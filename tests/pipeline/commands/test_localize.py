"""`avel localize`: events of unseen videos, whatever the files; bad input in one line."""

import csv
import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.formats.names import unescaped
from avel.pipeline.synth.script import SynthConfig, annotated_scripts, class_names
from tests.extractors.made import mn_file
from tests.films import LOSSLESS, clicks, regular, write_film
from tests.pipeline.commands.said import SYNTHETIC, refused, run_json
from tests.pipeline.work.streams import refusing


def test_unseen_videos_get_their_true_events(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shipped weights, videos of another seed: at least 80 % of all seconds right."""
    code, results = run_json(capsys, *SYNTHETIC, synth / "AVE", "--cache-dir", warm, "--json")
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
    _, results = run_json(capsys, *SYNTHETIC, synth / "AVE", "--cache-dir", warm, "--json")
    documented = (Path(__file__).parents[3] / "docs" / "results.md").read_text()
    for result in results:
        assert result["schema"] == "avel.result/2"
        assert all(f"| `{field}` |" in documented for field in result)
        assert len(result["relevance"]) == len(result["top_classes"]) == result["segments"] == 10
        assert "synthetic" in result["model"]["knows"]


def test_a_warm_cache_decodes_nothing_and_loads_no_encoder(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_json(capsys, *SYNTHETIC, synth / "AVE", "--cache-dir", warm, "--json")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the cache was warm")

    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders.start", never)
    monkeypatch.setattr("avel.extractors.extractor.FrozenExtractor.__init__", never)
    assert run_json(capsys, *SYNTHETIC, synth / "AVE", "--cache-dir", warm, "--json") == first


def test_fresh_and_cached_are_the_same_bits(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One video alone, in a cache of its own, without segments: the numbers of the shared run."""
    video = sorted((synth / "AVE").glob("*.mp4"))[3]
    _, cached = run_json(capsys, *SYNTHETIC, video, "--cache-dir", warm, "--json")
    _, fresh = run_json(
        capsys, *SYNTHETIC, video, "--cache-dir", tmp_path, "--json", "--no-segments"
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
    expected = run_json(capsys, *SYNTHETIC, synth / "AVE", "--cache-dir", cache, "--json")
    for shard in cache.glob(f"{stage}/*/*.h5"):
        data = bytearray(shard.read_bytes())
        for at in range(len(data) // 2, len(data), max(1, len(data) // 40)):
            data[at] ^= 0x55
        shard.write_bytes(bytes(data))
    for later in {"segments": ("features", "scores"), "features": ("scores",)}.get(stage, ()):
        shutil.rmtree(cache / later)  # a stage is read only where what comes of it is missing
    assert run_json(capsys, *SYNTHETIC, synth / "AVE", "--cache-dir", cache, "--json") == expected
    assert "damaged, computed again" in caplog.text
    assert f"/{stage}/" in caplog.text


def test_written_results(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert (
        main(
            [
                *SYNTHETIC,
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
    assert len(list(out.glob("*.json"))) == len(list(out.glob("*.mp4.html"))) == 6
    assert (out / "index.html").is_file()
    rows = list(csv.DictReader((out / "events.csv").open()))
    assert rows
    assert list(rows[0]) == ["file", "onset", "offset", "label", "score"]
    page = next(out.glob("*.mp4.html")).read_text()
    assert page.count("data:image/jpeg") == 2  # pictures, and what is heard
    assert '"attention":{"side":7' in page
    assert "data:video/mp4" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_formats_that_are_asked_for(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file of all or one each, beside the pages; what an editor cannot have is told."""
    given = [
        str(min((synth / "AVE").glob("*.mp4"))),
        "--cache-dir",
        str(warm),
        "--out",
        str(tmp_path),
    ]
    assert main([*SYNTHETIC, *given, "--format", "webvtt,rttm", "--format", "chapters"]) == 0
    suffixes = sorted(path.name.split(".", 1)[1] for path in tmp_path.iterdir())
    assert [each for each in suffixes if not each.endswith("html")] == [
        "csv", "index", "mp4.chapters.txt", "mp4.vtt", "rttm",
    ]  # fmt: skip
    assert "YouTube shows chapters only where there are 3" in capsys.readouterr().err


def test_what_is_no_format(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = refused(capsys, *SYNTHETIC, "a.mp4", "--out", tmp_path, "--format", "vtt")
    assert (code, text) == (2, "avel: format 'vtt' is none; did you mean 'webvtt'?\n")
    code, text = refused(capsys, *SYNTHETIC, "a.mp4", "--format", "webvtt")
    assert (code, text) == (
        2,
        "avel: --format says which files to write; give --out FOLDER for them\n",
    )


def test_report_escapes_every_string(warm: Path, tmp_path: Path) -> None:
    video = write_film(
        tmp_path / "x.mp4", frame_times=regular(25), samples=clicks(44_100, [5]), audio_codec="aac"
    )
    evil = video.rename(tmp_path / "<img src=x onerror=alert(1)>&.mp4")
    assert (
        main([*SYNTHETIC, str(evil), "--cache-dir", str(warm), "--out", str(tmp_path / "out")]) == 0
    )
    page = next((tmp_path / "out").glob("*.mp4.html")).read_text()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;" in page


def test_missing_streams_are_explained(
    warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = write_film(tmp_path / "silent.mp4", frame_times=regular(50))
    blind = write_film(tmp_path / "blind.wav", samples=clicks(44_100, [5]))
    code, results = run_json(capsys, *SYNTHETIC, silent, blind, "--cache-dir", warm, "--json")
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
    code, results = run_json(capsys, *SYNTHETIC, *files, "--cache-dir", warm, "--json")
    assert code == 0
    for result in results:
        assert result["status"] in ("ok", "partial"), result
        assert result["events"] == []
        assert result["notes"], result["file"]
    by_name = {Path(r["file"]).name: r for r in results}
    assert "out of domain" in by_name["dog_barking.mp4"]["notes"][0]
    assert by_name["silence_girl.mp4"]["reasons"] == ["NO_AUDIO"]
    assert by_name["dog_barking.mp4"]["segments"] == 8


def test_everyday_from_a_film_to_its_page_and_again_from_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights are made up, so that what is heard is anything; the way there is the whole one."""
    film = write_film(
        tmp_path / "a.mkv", frame_times=regular(6, 2), samples=clicks(3 * 44_100, [5]), **LOSSLESS
    )
    argv = ["localize", str(film), "--weights", str(mn_file(tmp_path))]
    argv += ["--cache-dir", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
    assert main([*argv, "--heard"]) == 0
    said = capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "a.mkv.json").read_text())
    assert document["model"]["name"] == "everyday"
    assert (document["segments"], document["decoder"]["name"]) == (3, "hysteresis")
    assert document["in_domain"] is None
    for sound in document["sounds"]:
        assert f"heard  {sound['label']}" in said
    page = (tmp_path / "out" / "a.mkv.html").read_text()
    assert page.count("data:image/jpeg") == 2
    assert '"attention":null' in page
    assert '"heard":{' in page

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the cache was warm")

    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders.start", never)
    monkeypatch.setattr("avel.extractors.extractor.FrozenExtractor.__init__", never)
    assert main([*argv, "--heard"]) == 0
    assert capsys.readouterr().out == said
    assert main([*argv, "--attention"]) == 2
    assert "no attention to draw" in capsys.readouterr().err


def test_a_cut_weight_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = write_film(tmp_path / "a.mp4", frame_times=regular(25), samples=clicks(44_100, [5]))
    whole = mn_file(tmp_path).read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    given = ["--weights", tmp_path / "cut.pt", "--cache-dir", tmp_path / "cache"]
    code, text = refused(capsys, "localize", film, *given)
    assert code == 4
    assert "cut.pt: cannot be read as weights (" in text
    assert "download it again" in text


HARDEST = (
    "dog_bark_03",
    "neg_game_mouse_clicks_01",
    "stick_hit_metal_01",
    "toilet_flush_01",
)
"""Clips in which the model of drawn films is sure of a shape, if nobody looks at how strange they are."""


@pytest.mark.parametrize(
    "names", [HARDEST, pytest.param((), marks=pytest.mark.slow)], ids=["hardest", "all"]
)
def test_no_drawn_shape_is_named_in_a_real_video(
    names: tuple[str, ...], real: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not by a hair: hardly a segment resembles drawn films in both senses."""
    files = [real / f"{name}.mp4" for name in names] or sorted(real.glob("*.mp4"))
    code, results = run_json(capsys, *SYNTHETIC, *files, "--cache-dir", warm, "--json")
    assert (code, len(results)) == (0, len(files))
    for result in results:
        assert result["events"] == [], result["file"]
        assert result["in_domain"] <= 0.1, result["file"]
        assert "out of domain" in result["notes"][0]


def test_one_bad_file_does_not_stop_the_others(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "letter.mp4").write_text("Dear reader")
    good = next((synth / "AVE").glob("*.mp4"))
    code, results = run_json(
        capsys,
        *SYNTHETIC,
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
    code, results = run_json(capsys, *SYNTHETIC, path, "--cache-dir", warm, "--json")
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
    code, results = run_json(capsys, *SYNTHETIC, "-abcdefghij.mp4", "--cache-dir", warm, "--json")
    assert code == 0
    assert results[0]["segments"] == 10


BYTES = (b"caf\xe9.mp4", "\N{PARTY POPPER}.mp4".encode(), b"\x1b[31mred\nline.MP4", b"x" * 245 + b".mp4", b"-a [b].mp4")  # fmt: skip
"""Names of films that Linux takes and others do not."""


@pytest.fixture
def odd(synth: Path, tmp_path: Path) -> Path:
    """A folder of one film by all these names, and what is no film."""
    folder = tmp_path / "odd"
    folder.mkdir()
    good = next((synth / "AVE").glob("*.mp4"))
    for name in BYTES:
        (folder / os.fsdecode(name)).symlink_to(good)
    (folder / "notes.txt").touch()
    return folder


def test_any_name_in_every_output(
    odd: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read back to the last byte from JSON, tables and the terminal."""
    out, files = tmp_path / "out", sorted(os.fsencode(odd) + b"/" + name for name in BYTES)
    argv = [*SYNTHETIC, str(odd), "--cache-dir", str(warm)]
    assert main([*argv, "--out", str(out)]) == 0
    said, told = capsys.readouterr()
    assert f"{odd}: 1 file left out: .txt (1)\n" in told
    assert {c for c in said + told if not c.isprintable()} == {"\n"}
    shown = [line.partition("  ")[0] for line in said.splitlines() if line.endswith("  ok")]
    assert sorted(os.fsencode(unescaped(name)) for name in shown) == files
    documents = [json.loads(path.read_text()) for path in out.glob("*.json")]
    assert sorted(os.fsencode(each["file"]) for each in documents) == files
    assert len(list(out.glob("*.html"))) == len(files) + 1
    with (out / "videos.csv").open(newline="") as table:
        named = [unescaped(row["file"]) for row in csv.DictReader(table)]
    assert sorted(map(os.fsencode, named)) == files
    assert main([*argv, "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert sorted(os.fsencode(each["file"]) for each in read) == files


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 4), (errno.EPIPE, 0)])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_results_are_kept_whatever_becomes_of_stdout(
    number: int,
    code: int,
    more: tuple[str, ...],
    odd: Path,
    warm: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    refusing(monkeypatch, number)
    argv = [*SYNTHETIC, str(odd), "--cache-dir", str(warm), *more]
    assert main([*argv, "--out", str(out)]) == code
    assert len(list(out.glob("*.json"))) == len(BYTES)
    assert (out / "events.csv").read_text().count("\n") > len(BYTES)
    assert main(argv) == code
    said = capsys.readouterr().err
    assert said.count("avel: stdout: cannot be written (No space left") == (2 if code else 0)


def test_two_runs_into_one_folder(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, out = next((synth / "AVE").glob("*.mp4")), tmp_path / "out"
    files = [tmp_path / where / "x.mp4" for where in "ab"]
    for file in files:
        file.parent.mkdir()
        file.symlink_to(good)
        argv = [*SYNTHETIC, str(file), "--cache-dir", str(warm), "--out", str(out)]
        assert main(argv) == 0
    found = {json.loads(path.read_text())["file"] for path in out.glob("*.json")}
    assert found == {str(file) for file in files}
    assert json.loads((out / "x.mp4.json").read_text())["file"] == str(files[0])
    assert (
        "events.csv: had results of other files; kept as events-earlier" in capsys.readouterr().err
    )


def test_lists_are_read_relative_to_themselves(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = next((synth / "AVE").glob("*.mp4"))
    (tmp_path / "-dash.mp4").symlink_to(good)
    (tmp_path / "list.txt").write_text("-dash.mp4\n\n")
    code, results = run_json(
        capsys, *SYNTHETIC, tmp_path / "list.txt", "--cache-dir", warm, "--json"
    )
    assert code == 0
    assert len(results) == 1


def test_url(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, *SYNTHETIC, "https://example.org/v.mp4")
    assert code == 2
    assert "only local files are read; download it first" in text


def test_folder_without_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, *SYNTHETIC, tmp_path)
    assert code == 2
    assert "no media file in this folder" in text


def test_empty_and_strange_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("\n")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "c.txt").write_text("http://127.0.0.1/x.mp4\n")
    for name, message in (
        ("a", "names no file"),
        ("b", "b.txt, line 1: is UTF-16; save the file as UTF-8"),
        ("c", "only local files are read"),
    ):
        code, text = refused(capsys, *SYNTHETIC, tmp_path / f"{name}.txt")
        assert code == 2
        assert message in text


def test_missing_checkpoint(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(
        capsys, "localize", synth / "AVE", "--model", tmp_path / "none.safetensors"
    )
    assert code == 2
    assert "no such checkpoint; `avel train` writes one" in text


def test_a_weight_file_is_no_checkpoint(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = Path(__file__).parents[3] / "extractors" / "weights" / "audioclip-tiny.safetensors"
    code, text = refused(capsys, "localize", synth / "AVE", "--model", weights)
    assert code == 2
    assert "is not a checkpoint of a localization model" in text


def test_checkpoint_for_other_features(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import load_file, save_file

    weights = Path(__file__).parents[3] / "extractors" / "weights" / "audioclip-tiny.safetensors"
    tensors = load_file(weights)
    tensors["logit_scale"] += 1
    save_file(tensors, tmp_path / "other.safetensors")
    code, text = refused(
        capsys, *SYNTHETIC, synth / "AVE", "--weights", tmp_path / "other.safetensors"
    )
    assert code == 2
    assert "was trained on other features (config.weights_sha256: checkpoint" in text


def test_missing_device(synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(
        capsys, *SYNTHETIC, synth / "AVE", "--device", "cuda:99", "--cache-dir", tmp_path
    )
    assert code == 4
    assert "device 'cuda:99' cannot be used" in text


def test_unwritable_cache(synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    code, text = refused(capsys, *SYNTHETIC, synth / "AVE", "--cache-dir", tmp_path / "file")
    assert code == 4
    assert "cannot be written" in text


def test_thresholds_and_sizes(capsys: pytest.CaptureFixture[str], synth: Path) -> None:
    code, text = refused(capsys, *SYNTHETIC, synth / "AVE", "--threshold", "2")
    assert code == 2
    assert "threshold (2.0) must be between 0 and 1" in text


def test_a_model_or_words(capsys: pytest.CaptureFixture[str]) -> None:
    """What would be ignored is refused."""
    code, text = refused(capsys, "localize", "a.mp4", "--labels", "dog", "--model", "m")
    assert (code, text) == (2, "avel: labels need no model (m); give one of the two\n")
    code, text = refused(capsys, "localize", "a.mp4", "--labels", "dog", "--events", "m.yaml")
    assert (code, text) == (
        2, "avel: labels need no table of events (m.yaml); give one of the two\n"
    )  # fmt: skip
    code, text = refused(capsys, "localize", "a.mp4", "--labels", "dog", "--with-everyday")
    assert (code, text) == (
        2, "avel: everyday events stand beside taught ones only, not beside labels\n"
    )  # fmt: skip
    for given in (["--extractor", "vgg19"], ["--precision", "bfloat16"], ["--option", "a=1"]):
        code, text = refused(capsys, *SYNTHETIC, "a.mp4", *given)
        assert code == 2
        assert "an extractor and its options (" in text
        assert "go with labels; a model says its own" in text


def test_words_are_given_or_lie_in_a_file(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video, names = min((synth / "AVE").glob("*.mp4")), class_names()
    (tmp_path / "words.txt").write_text(f"{names[0]}\n\n{names[4]}\n")
    where = [video, "--cache-dir", warm, "--json"]
    _, given = run_json(capsys, "localize", *where, "--labels", names[0], names[4])
    _, listed = run_json(capsys, "localize", *where, "--labels", tmp_path / "words.txt")
    assert given == listed
    assert given[0]["model"]["name"] == "open vocabulary (audioclip-tiny)"
    assert {name for name, _ in given[0]["top_classes"]} <= {names[0], names[4], "background"}
    code, text = refused(capsys, "localize", video, "--labels", "dog barking")
    assert code == 2
    assert "audioclip-tiny knows 28 names only" in text


def test_an_empty_name_is_not_the_current_folder(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, *SYNTHETIC, "")
    assert code == 2
    assert "an empty name is no file; give a path, or '.' for the current folder" in text


def test_a_decoder_and_a_threshold(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [min((synth / "AVE").glob("*.mp4")), "--cache-dir", warm, "--json"]
    for given, decoder in (
        ([], {"name": "gate", "threshold": 0.5}),
        (["--decoder", "argmax"], {"name": "argmax", "threshold": 0.5}),
        (["--threshold", "0.7"], {"name": "gate", "threshold": 0.7}),
        (["--decoder", "ungated"], {"name": "ungated", "threshold": 0.5}),
    ):
        _, results = run_json(capsys, *SYNTHETIC, *where, *given)
        assert results[0]["decoder"] == decoder
    labels = {event["label"] for event in results[0]["events"]}
    likely = {name for name, _ in results[0]["top_classes"]} - {"background"}
    assert labels == likely  # by `ungated`: every segment's most likely class
    with pytest.raises(SystemExit):
        main(["localize", "a.mp4", "--decoder", "best"])
    assert "invalid choice: 'best'" in capsys.readouterr().err


def test_results_for_people(synth: Path, warm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events with the truth below them, one model line at the end, nothing of the progress."""
    video = min((synth / "AVE").glob("*.mp4"))
    argv = [*SYNTHETIC, str(video), "missing.mp4", "--cache-dir", str(warm)]
    assert main([*argv, "--truth", str(synth)]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{video}  10.0 s  ok"
    assert lines[1].split()[1] == "-"
    assert "truth" in lines[2]
    assert lines[-4:-1] == [
        "missing.mp4  0.0 s  failed (MISSING_FILE)",
        "  missing.mp4: is not a file",
        "2 videos: 1 with events, 0 without, 1 failed",
    ]
    assert lines[-1].startswith("model: dmsf, trained on synthetic video only")


def test_the_same_file_twice_is_one_result(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = min((synth / "AVE").glob("*.mp4"))
    _, results = run_json(capsys, *SYNTHETIC, video, video, "--cache-dir", warm, "--json")
    assert len(results) == 1


def test_quiet_needs_a_place_for_events(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, *SYNTHETIC, "a.mp4", "--quiet")
    assert (code, text) == (
        2,
        "avel: --quiet prints no events; give --out FOLDER or --json to have them\n",
    )


def test_quiet_and_verbose(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Quiet says nothing where nothing failed, and what failed where it did."""
    film = str(min((synth / "AVE").glob("*.mp4")))
    given = [*SYNTHETIC, film, "--cache-dir", str(warm)]
    assert main([*given, "--quiet", "--out", str(tmp_path / "a")]) == 0
    assert capsys.readouterr() == ("", "")
    assert list((tmp_path / "a").glob("*.json"))
    gone = [*SYNTHETIC, "gone.mp4", *given[len(SYNTHETIC) :]]
    assert main([*gone, "-q", "--out", str(tmp_path / "b")]) == 3
    assert capsys.readouterr() == ("", "gone.mp4: is not a file\n")
    assert main([*given, "--threshold", "0.99999", "--verbose"]) == 0
    out = capsys.readouterr().out
    assert "\n  nothing that is both seen and heard\n  note: no event: the highest relevance" in out
