"""Options that commands share: what they become, and what is refused."""

import argparse
from pathlib import Path

import pytest

from avel.pipeline.batch.extraction import BatchConfig
from avel.pipeline.commands import options
from avel.pipeline.reasons import InputError, Reason
from avel.pipeline.work.runtime import default_workers


def batched(*argv: str) -> BatchConfig:
    parser = argparse.ArgumentParser()
    options.add_runtime(parser)
    options.add_batch(parser)
    return options.batch(parser.parse_args(argv))


def parsed(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    options.add_encoder(parser)
    options.add_runtime(parser)
    options.add_formats(parser)
    parser.add_argument("--out")
    return parser.parse_args(argv)


def test_the_runtime_is_what_the_options_say(tmp_path: Path) -> None:
    given = ["--cache-dir", str(tmp_path), "--device", "cpu", "--workers", "3", "--batch", "5"]
    runtime = options.runtime(parsed(*given, "--timeout", "7.5", "--no-segments", "--codec", "hap"))
    assert (runtime.cache_dir, runtime.device, runtime.workers) == (tmp_path, "cpu", 3)
    assert (runtime.batch_cells, runtime.timeout_seconds, runtime.keep_segments) == (5, 7.5, False)
    assert runtime.codecs == ("hap",)


def test_the_runtime_of_nothing_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_CACHE_DIR", str(tmp_path))
    runtime = options.runtime(parsed())
    assert (runtime.cache_dir, runtime.device) == (tmp_path, "auto")
    assert runtime.workers == default_workers()
    assert runtime.keep_segments


def test_values_are_what_json_says_else_text() -> None:
    argv = ["--precision", "bfloat16"]
    for text in ("compile=true", "side=14", "rate=0.5", "name=a=b", "empty="):
        argv += ["--option", text]
    assert options.encoder_options(parsed(*argv)) == {
        "precision": "bfloat16",
        "compile": True,
        "side": 14,
        "rate": 0.5,
        "name": "a=b",
        "empty": "",
    }
    assert options.encoder_options(parsed()) == {}


def test_an_option_without_a_value() -> None:
    with pytest.raises(InputError, match="--option 'compile' must be KEY=VALUE, for example"):
        options.encoder_options(parsed("--option", "compile"))


@pytest.mark.parametrize("text", ["0", "-1", "one", "1.5"])
def test_counts_are_whole_and_greater_than_0(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed(f"--workers={text}")
    assert caught.value.code == 2
    assert "--workers" in capsys.readouterr().err


def test_weights_may_be_several() -> None:
    given = parsed("--weights", "a", "--weights", "b")
    assert given.weights == [Path("a"), Path("b")]
    assert parsed().weights == []


def test_formats_are_chosen_with_a_folder() -> None:
    assert options.formats(parsed()) == ("json", "csv")
    given = ["--format", "eaf,srt", "--format", "csv", "--out", "o"]
    assert options.formats(parsed(*given)) == ("eaf", "srt", "csv")
    with pytest.raises(InputError, match="format 'elan' is none; there are json, csv, tsv"):
        options.formats(parsed("--format", "elan", "--out", "o"))
    with pytest.raises(InputError, match="--format says which files to write; give --out FOLDER"):
        options.formats(parsed("--format", "eaf"))


def test_reasons_are_named_for_what_is_tried_again_or_left_out() -> None:
    assert batched().retried is None
    assert batched("--retry-failed").retried == frozenset(Reason)
    assert batched("--retry-failed", "OOM", "EMPTY").retried == {Reason.OOM, Reason.EMPTY}
    assert batched().skipped == {Reason.WORKER_CRASH, Reason.TIMEOUT, Reason.OOM}
    assert batched("--skip-failed", "EMPTY").skipped == {Reason.EMPTY}
    assert batched("--give-up-after", "3").most_failures == 3


@pytest.mark.parametrize("option", ["--retry-failed", "--skip-failed"])
def test_a_reason_that_is_none(option: str) -> None:
    said = rf"{option} CRASH oom: no such reason; there are DECODE_ERROR, .*EMPTY.*OOM.*WORKER_CRA"
    with pytest.raises(InputError, match=said) as caught:
        batched(option, "oom", "OOM", "CRASH")
    assert all(reason in str(caught.value) for reason in Reason)


def test_a_shard_is_one_loop() -> None:
    with pytest.raises(InputError, match=r"--shard 1/2 and --devices 2: give one of the two"):
        batched("--shard", "1/2", "--devices", "2")
