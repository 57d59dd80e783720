"""The functions give what the commands give, take what Python has, and name what is wrong."""

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import avel
from avel.cache.fingerprint import ContentKeys
from avel.configs.load import ConfigError
from avel.extractors.errors import ExtractorError
from avel.extractors.weights.files import MissingWeights, WeightsError
from avel.models.card import CheckpointError
from avel.pipeline.cli import main
from avel.pipeline.reasons import EnvironmentProblem, InputError
from tests.films import LOSSLESS, clicks, regular, write_film
from tests.pipeline.learning.small import OPTIONS

COLUMNS = ["file", "onset", "offset", "label", "score"]


@pytest.fixture(scope="module")
def videos(synth: Path) -> list[Path]:
    return sorted((synth / "AVE").glob("*.mp4"))


def test_the_same_results_as_the_command(
    videos: list[Path], warm: Path, synth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["localize", "--model", "synthetic", "--cache-dir", str(warm), "--json"]
    assert main([*argv, str(synth / "AVE")]) == 0
    told = json.loads(capsys.readouterr().out)
    for given in (
        str(synth / "AVE"),
        synth / "AVE",
        [str(video) for video in videos],
        (video for video in videos),
    ):
        found = list(avel.localize(given, model="synthetic", cache_dir=warm))
        assert json.loads(json.dumps([result.document() for result in found])) == told
    assert all(result.events for result in found)


def test_one_string_is_one_video(videos: list[Path], warm: Path) -> None:
    (result,) = avel.localize(str(videos[0]), model="synthetic", cache_dir=str(warm))
    assert (result.file, result.status) == (str(videos[0]), "ok")
    assert 0 <= result.events[0].onset < result.events[0].offset <= result.duration


def test_results_come_in_the_order_of_the_files(videos: list[Path], warm: Path) -> None:
    """So that they can be zipped with what the caller knows of the files."""
    given = ["none.mp4", *reversed(videos), "never.mp4"]
    results = list(avel.localize(given, model="synthetic", cache_dir=warm))
    assert [result.file for result in results] == [str(name) for name in given]
    assert [result.status for result in results] == ["failed", *["ok"] * 6, "failed"]
    assert results[0].reasons == ("MISSING_FILE",)
    assert results[0].message == "none.mp4: is not a file"


def test_a_threshold_is_the_gates(videos: list[Path], warm: Path) -> None:
    (low,) = avel.localize(videos[0], model="synthetic", threshold=0.001, cache_dir=warm)
    (high,) = avel.localize(videos[0], model="synthetic", threshold=0.999, cache_dir=warm)
    assert low.decoder == {"name": "gate", "threshold": 0.001}
    assert sum(e.offset - e.onset for e in low.events) == 10
    assert high.events == ()
    assert "no event: the highest relevance" in high.notes[0]


def test_other_decoders(videos: list[Path], warm: Path) -> None:
    (gate,) = avel.localize(videos[0], model="synthetic", cache_dir=warm)
    (argmax,) = avel.localize(videos[0], model="synthetic", decoder="argmax", cache_dir=warm)
    (ungated,) = avel.localize(videos[0], model="synthetic", decoder="ungated", cache_dir=warm)
    assert argmax.decoder["name"] == "argmax"
    assert argmax.events == gate.events  # a clear film
    assert ungated.events[-1].offset == 10


def test_results_are_found_as_they_are_asked_for(
    videos: list[Path], warm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that breaks off leaves the rest undone, and the next one begins anew."""
    judged = []
    from avel.pipeline.method import run

    real = run.judge
    monkeypatch.setattr(run, "judge", lambda *a: judged.append(a) or real(*a))
    for result in avel.localize(videos, model="synthetic", cache_dir=warm):
        assert result.file == str(videos[0])
        break
    assert len(judged) == 1
    assert len(list(avel.localize(videos, model="synthetic", cache_dir=warm))) == 6


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"threshold": 2}, InputError, r"threshold \(2.0\) must be between 0 and 1"),
        ({"threshold": "0.4"}, TypeError, r"threshold \('0.4'\) must be a number, not str"),
        ({"treshold": 0.4}, TypeError, r"localize\(\) got .* 'treshold'; did you mean 'threshold'\?"),
        ({"decoder": "gates"}, InputError, r"decoder \('gates'\) must be one of gate, argmax"),
        ({"model": "none"}, CheckpointError, "none: no such checkpoint; `avel train` writes one"),
        ({"model": "everday"}, CheckpointError, "everday: no such checkpoint; did you mean 'everyday'"),
        ({"model": "synthetic", "events": "m.yaml"}, InputError, r"events \(m.yaml\) goes with the everyday"),
        ({}, WeightsError, "Get them with `avel weights fetch everyday`"),
        ({"model": 3}, TypeError, r"model \(3\) must be a str or a Path, not int"),
        ({"model": "m", "labels": "dog"}, InputError, r"labels need no model \(m\); give one of the two"),
        ({"labels": "dog", "events": "m.yaml"}, InputError, r"labels need no table of events \(m.yaml\)"),
        ({"labels": "dog", "with_everyday": True}, InputError, "stand beside taught ones only, not beside labels"),
        ({"labels": []}, InputError, "labels: no word was given"),
        ({"labels": "dog", "extractor": "nix"}, ExtractorError, "no extractor 'nix'; there are audioclip"),
        ({"labels": "dog", "template": "a"}, InputError, "template 'a' must hold {} once"),
        ({"labels": "dog"}, InputError, "audioclip-tiny knows 28 names only .*, not 'dog'"),
        ({"extractor": "vgg19"}, InputError, r"an extractor and its options \(vgg19\) go with labels"),
        ({"options": {"compile": True}}, InputError, r"its options \(compile\) go with labels"),
        ({"weights": "none.pt"}, WeightsError, "none.pt: no such weight file"),
        ({"workers": 0}, InputError, r"workers \(0\) must be greater than 0"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named_by_the_call(
    given: dict[str, Any],
    kind: type[Exception],
    message: str,
    no_weights: None,
) -> None:
    """Not first when results are asked for."""
    with pytest.raises(kind, match=message):
        avel.localize("a.mp4", **given)


def test_a_given_model_is_the_one_that_answers(videos: list[Path], warm: Path) -> None:
    from avel.pipeline.method.model import DEFAULT_MODEL

    (shipped,) = avel.localize(videos[0], model="synthetic", cache_dir=warm)
    (given,) = avel.localize(videos[0], model=str(DEFAULT_MODEL), cache_dir=warm)
    assert given == shipped
    model = avel.open_model(DEFAULT_MODEL)
    assert model.identity == avel.open_model("synthetic").identity == shipped.model
    assert len(model.classes) == 28


def test_no_weights_for_any_model_by_default(no_weights: None) -> None:
    """As the command, and a class of its own that says what gets them."""
    with pytest.raises(
        MissingWeights, match=r"mn04_as_mAP_432.pt: not found .*--model synthetic"
    ) as caught:
        avel.open_model()
    assert caught.value.group == "everyday"


def test_names_win_over_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "synthetic").write_text("mine")
    assert len(avel.open_model("synthetic").classes) == 28
    with pytest.raises(
        CheckpointError, match=f"{tmp_path}/synthetic: cannot be read as safetensors"
    ):
        avel.open_model("./synthetic")


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        avel.open_model(tmp_path)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, with a cache beside it that the tests share."""
    return write_film(
        tmp_path_factory.mktemp("film") / "film.mkv",
        frame_times=regular(4, 2),
        samples=clicks(2 * 44_100, [5]),
        **LOSSLESS,
    )


def test_extracted_arrays_are_those_of_the_store(videos: list[Path], warm: Path) -> None:
    from avel.extractors import choose
    from avel.pipeline.method.plan import plan_features

    (found,) = avel.extract(str(videos[2]), cache_dir=warm)
    assert found.features is not None
    assert (found.file, found.reason, found.message) == (str(videos[2]), "", "")
    stores = plan_features(choose("audioclip-tiny")).stores(warm)
    arrays = stores.features.get(ContentKeys(warm).key(videos[2]))
    assert arrays is not None
    for name in ("visual", "visual_map", "audio", "visual_mask", "audio_mask"):
        np.testing.assert_array_equal(getattr(found.features, name), arrays[name])
    assert found.features.visual.shape == found.features.audio.shape == (10, 128)
    assert np.abs(found.features.visual).min(1).max() > 0


def test_extraction_of_what_fails_goes_on(film: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    given = [tmp_path / "empty.mp4", film, "none.mp4"]
    empty, good, missing = avel.extract(given, workers=1, cache_dir=film.parent)
    assert (empty.features, empty.reason) == (None, "EMPTY")
    assert "the file has 0 bytes" in empty.message
    assert good.features is not None
    assert good.features.audio.shape == (2, 128)
    assert (missing.features, missing.reason) == (None, "MISSING_FILE")


def test_frames_are_per_second(film: Path) -> None:
    (one,) = avel.extract(film, workers=1, cache_dir=film.parent)
    (two,) = avel.extract(film, frames=2, workers=1, cache_dir=film.parent)
    assert one.features is not None
    assert two.features is not None
    np.testing.assert_array_equal(one.features.audio, two.features.audio)
    assert np.abs(one.features.visual - two.features.visual).max() > 0


@pytest.mark.parametrize("arrays", [("visual", "audio"), "visual", ("audio", "visual_map")])
def test_what_is_kept_is_what_is_given(film: Path, arrays: str | tuple[str, ...]) -> None:
    """Others have no columns."""
    how = {"workers": 1, "cache_dir": film.parent}
    (whole,) = avel.extract(film, **how)
    (part,) = avel.extract(film, arrays=arrays, **how)
    assert whole.features is not None
    assert part.features is not None
    for name in ("visual", "audio", "visual_map"):
        found, expected = getattr(part.features, name), getattr(whole.features, name)
        if name in arrays:
            np.testing.assert_array_equal(found, expected)
        else:
            assert (len(found), found.size, found.ndim) == (len(expected), 0, expected.ndim)
    np.testing.assert_array_equal(part.features.visual_mask, whole.features.visual_mask)


def test_a_map_in_bytes(film: Path) -> None:
    (whole,) = avel.extract(film, workers=1, cache_dir=film.parent)
    (small,) = avel.extract(film, map_dtype="int8", workers=1, cache_dir=film.parent)
    assert whole.features is not None
    assert small.features is not None
    a, b = whole.features.visual_map.astype(float), small.features.visual_map.astype(float)
    assert 0 < np.abs(a - b).max() <= 0.005 * np.abs(a).max()


def test_pictures_and_sound_need_not_be_kept(film: Path, tmp_path: Path) -> None:
    list(avel.extract(film, workers=1, cache_dir=tmp_path, keep_segments=False))
    assert not list(tmp_path.glob("segments/*/*.h5"))
    assert list(tmp_path.glob("features/*/*.h5"))


def test_it_works_in_a_thread(film: Path) -> None:
    """As a notebook's or a server's, which has no main thread to decode from."""
    found: list[Any] = []
    thread = threading.Thread(
        target=lambda: found.extend(avel.localize(film, model="synthetic", workers=1))
    )
    thread.start()
    thread.join()
    assert [(result.status, result.segments) for result in found] == [("ok", 2)]
    assert "out of domain" in found[0].notes[0]


def test_damaged_features_are_named_and_made_again(
    videos: list[Path], warm: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = shutil.copytree(warm, tmp_path / "cache")
    (before,) = avel.extract(videos[0], cache_dir=cache)
    for shard in cache.glob("features/*/*.h5"):
        data = bytearray(shard.read_bytes())
        for at in range(len(data) // 2, len(data), len(data) // 40):
            data[at] ^= 0x55
        shard.write_bytes(bytes(data))
    again, *_ = avel.extract(videos, cache_dir=cache)
    assert before.features is not None
    assert again.features is not None
    np.testing.assert_array_equal(before.features.visual, again.features.visual)
    assert "damaged, computed again" in caplog.text


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"extractor": "nix"}, ExtractorError, "no extractor 'nix'; there are audioclip"),
        ({"weights": "none.pt"}, WeightsError, "none.pt: no such weight file"),
        ({"options": {"prec": 1}}, ExtractorError, "has no option 'prec'; .*did you mean 'precision'"),
        ({"frames": 0}, InputError, r"segment.frames_per_cell \(0\) must be in \[1, 60\]"),
        ({"frames": "2"}, TypeError, r"frames \('2'\) must be a whole number, not str"),
        ({"adapters": 3}, TypeError, r"adapters \(3\) must be a str or a Path, not int"),
        ({"arrays": "vision"}, InputError, "arrays vision: no array 'vision'; there are visual, "),
        ({"arrays": 3}, TypeError, r"arrays \(3\) must be a str or several, not int"),
        ({"map_dtype": "int4"}, InputError, "map-dtype int4: must be one of float16, int8"),
        ({"worker": 3}, TypeError, r"extract\(\) got .* 'worker'; did you mean 'workers'\?"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_extract(
    given: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        avel.extract("a.mp4", **given)


def test_training_and_evaluation(bench: tuple[Path, Path], tmp_path: Path) -> None:
    """A training's numbers are those of its evaluation; protocols count the same run."""
    data, cache = bench
    small = {name: json.loads(value) for name, value in (option.split("=") for option in OPTIONS)}
    small["train.epochs"] = 1
    out = tmp_path / "run"
    numbers = avel.train(
        str(data), out=str(out), settings=small, cache_dir=str(cache), device="cpu"
    )
    assert (out / "model.safetensors").is_file()
    again = avel.evaluate(str(data), model=str(out), cache_dir=cache, device="cpu")
    assert again["accuracy"] == numbers["accuracy"]
    assert again["coverage"] == {"rows": 12, "evaluated": 12, "missing": {}}
    counted = avel.evaluate(data, model=out, protocol="ave", cache_dir=cache, device="cpu")
    assert [row["protocol"] for row in counted["protocols"]] == ["ave"]
    assert avel.open_model(out).classes == tuple(f"class {n}" for n in range(4))


def test_the_run_folder_is_named_after_config_and_seed(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "avel.pipeline.learning.run.train_any", lambda *a, **k: asked.append((a, k)) or {"ok": 1}
    )
    data, cache = bench
    settings = {"train.seed": 3}
    assert avel.train(
        data, config="dmsf_weak.yaml", settings=settings, cache_dir=cache, devices=2
    ) == {"ok": 1}
    ((rows, experiment, runtime, folder), rest) = asked[0]
    assert folder == Path("runs/dmsf_weak-seed3")
    assert (experiment.supervision, experiment.train.seed) == ("weak", 3)
    assert (runtime.cache_dir, runtime.devices) == (cache, 2)
    assert len(rows.rows) == 72
    assert rest == {"weights": [], "resume": False, "half": False}


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"config": "nix"}, ConfigError, "nix: no such config file; presets: .*dmsf"),
        ({"settings": {"train.epoch": 1}}, ConfigError, "unknown key 'train.epoch'; did you mean 'train.epochs'"),
        ({"settings": {"train.epochs": "many"}}, ConfigError, "epochs"),
        ({"settings": "train.epochs=1"}, TypeError, "settings .* must be a dict such as"),
        ({"seed": 1}, TypeError, r"train\(\) got an unexpected keyword argument 'seed'"),
        ({"loaders": "1"}, TypeError, r"loaders \('1'\) must be a whole number, not str"),
        ({}, InputError, "has no Annotations.txt"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_train(
    tmp_path: Path, given: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        avel.train(tmp_path, **given)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"split": "tst"}, InputError, r"split \('tst'\) must be one of train, val, test"),
        ({"protocol": "avel"}, InputError, "no protocol 'avel'; there are ave, psp"),
        ({"model": "none"}, CheckpointError, "no such checkpoint"),
        ({"devices": 2}, TypeError, r"evaluate\(\) got .* 'devices'; did you mean 'device'\?"),
        ({}, InputError, "has no Annotations.txt"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_evaluate(
    tmp_path: Path, given: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        avel.evaluate(tmp_path, **given)


def some_results() -> Iterator[avel.Result]:
    yield avel.Result(
        "a.mp4", "ok", events=(avel.Event(0.0, 2.0, "bell", 0.75), avel.Event(3.0, 4.5, "dog", 0.5))
    )
    yield avel.Result("b.mp4", "failed", ("EMPTY",))


def test_events_as_a_table() -> None:
    full, empty = (result.to_dataframe() for result in some_results())
    assert list(full.columns) == list(empty.columns) == COLUMNS
    assert full.to_numpy().tolist() == [["a.mp4", 0.0, 2.0, "bell", 0.75], ["a.mp4", 3.0, 4.5, "dog", 0.5]]  # fmt: skip
    assert len(empty) == 0
    assert full.dtypes.to_dict() == empty.dtypes.to_dict()
    assert [str(full.dtypes[name]) for name in ("onset", "offset", "score")] == ["float64"] * 3


def test_tables_of_several_videos_are_put_together() -> None:
    """Those of videos without events keep the types."""
    from pandas import concat

    table = concat([result.to_dataframe() for result in some_results()], ignore_index=True)
    assert table["onset"].dtype == np.float64
    assert table["file"].tolist() == ["a.mp4", "a.mp4"]


def test_tables_need_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(EnvironmentProblem, match=r"pandas, .*; pip install 'avel\[dataframe\]'"):
        next(some_results()).to_dataframe()


def test_results_show_what_matters_first() -> None:
    """Numbers of every segment would hide the events in a notebook."""
    shown = repr(avel.Result("a.mp4", "ok", relevance=(0.5,) * 1000, top_classes=(("x", 0.5),) * 9))
    assert shown.startswith("Result(file='a.mp4', status='ok'")
    assert "relevance" not in shown
    assert len(shown) < 300


def test_a_taught_model_is_opened_as_one(tmp_path: Path) -> None:
    from tests.pipeline.learning.taught_films import write_model

    model = avel.open_model(write_model(tmp_path / "mine"))
    assert model.classes == ("Bark", "Meow")
    assert model.identity["name"] == "taught"


def test_events_are_taught_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.pipeline.learning.taught_cache import fill_cache

    films, cache = fill_cache(tmp_path, monkeypatch)
    events = {
        "Bark": [(films / "dog, one: a.mp4", 0, 3), (str(films / "dog2.mp4"), 1, 4.0)],
        "Meow": [films / "cat.mp4"],
        "background": films / "rain.mp4",
    }
    numbers = avel.teach(events, tmp_path / "mine", cache_dir=cache)
    assert (numbers["accuracy"], numbers["films"], numbers["alone"]) == (1, 2, ("Meow",))
    assert avel.open_model(tmp_path / "mine").classes == ("Bark", "Meow")


@pytest.mark.parametrize(
    ("events", "error", "said"),
    [
        (["a.mp4"], TypeError, "events .* must be a dict such as"),
        ({"Bark": [3]}, TypeError, r"events \(3\) must be a str or a Path"),
        ({"Bark": [("a.mp4", 2)]}, TypeError, "must be a path, or a path with onset and offset"),
        ({"Bark": [("a.mp4", "2", "5")]}, TypeError, r"events \('2'\) must be a number"),
        ({"Bark": [("a.mp4", 5, 2)]}, ValueError, "Bark: a.mp4: 5-2 ends before it begins"),
        ({"Bark": [("a.mp4", -1, 2)]}, ValueError, r"times \(-1, 2\) must be seconds from 0 on"),
    ],
)
def test_wrong_events(events: Any, error: type[Exception], said: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=said):
        avel.teach(events, tmp_path / "mine")
