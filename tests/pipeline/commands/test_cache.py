"""`avel cache`: what it lists, explains, checks and removes; export and import are in exchange."""

import json
import shutil
from pathlib import Path

import pytest

from avel.cache.maintenance import stores
from avel.pipeline.cli import main


@pytest.fixture
def video(synth: Path) -> Path:
    return min((synth / "AVE").glob("*.mp4"))


def mark(root: Path, stage: str) -> str:
    return next(store.fingerprint for store in stores(root) if store.stage == stage)


def test_ls_and_info_say_what_each_store_is(warm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "ls", "--cache-dir", str(warm), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["stage"] for row in rows} == {"segments", "features", "scores"}
    assert {row["items"] for row in rows if row["stage"] == "features"} >= {6}
    assert main(["cache", "ls", "--cache-dir", str(warm)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(warm)
    features = mark(warm, "features")
    line = next(line for line in lines if features[:12] in line)
    assert line.split()[0] == "features"
    assert line.endswith("MB  audioclip-tiny")
    assert main(["cache", "info", features[:8], "--cache-dir", str(warm)]) == 0
    info = json.loads(capsys.readouterr().out)
    assert (info["fingerprint"], info["recipe"]["config"]["extractor"]) == (
        features,
        "audioclip-tiny",
    )


def test_an_empty_cache_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "ls", "--cache-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path), "empty"]
    assert main(["cache", "info", "abc", "--cache-dir", str(tmp_path)]) == 4
    assert "abc" in capsys.readouterr().err


def test_explain_says_which_setting_differs_and_whether_a_file_is_there(
    warm: Path, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["cache", "explain", str(video), "--cache-dir", str(warm)]
    assert main([*argv, "--frames", "4"]) == 0
    out = capsys.readouterr().out
    assert "config.frames_per_cell: 1, wanted 4" in out
    assert out.count(", miss") == 2
    assert main(argv) == 0
    assert capsys.readouterr().out.count(", hit") == 2
    assert main([*argv[:2], *argv[3:]]) == 0  # a run alone, no file
    assert "content" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "why"), [(None, "MISSING_FILE: "), ("", "EMPTY: ")], ids=["missing", "empty"]
)
def test_explain_of_a_file_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, why: str
) -> None:
    path = tmp_path / "v.mp4"
    if content is not None:
        path.write_text(content)
    assert main(["cache", "explain", str(path), "--cache-dir", str(tmp_path)]) == 2
    assert why in capsys.readouterr().err


def test_verify_reads_everything_and_encodes_a_sample_again(
    warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = mark(warm, "features")
    argv = ["cache", "verify", features[:8], "--cache-dir", str(warm)]
    assert main([*argv, "--recompute", "1"]) == 0
    out = capsys.readouterr().out
    assert " sound items, 0 damaged" in out
    assert "1 items encoded again: largest difference 0.00e+00" in out


def test_damage_is_exit_3_and_named(
    warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "c"
    shutil.copytree(warm, root)
    shard = next(root.glob("scores/*/*.h5"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2 :: 64] = bytes(b ^ 0x55 for b in data[len(data) // 2 :: 64])
    shard.write_bytes(data)
    assert main(["cache", "verify", mark(root, "scores"), "--cache-dir", str(root)]) == 3
    out = capsys.readouterr().out
    assert ", 0 damaged" not in out
    assert shard.name in out


def test_gc_lists_before_it_removes(
    warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "c"
    shutil.copytree(warm, root)
    scores = mark(root, "scores")
    argv = ["cache", "gc", "--store", scores[:10], "--cache-dir", str(root)]
    assert main(argv) == 0
    assert "can be freed with --delete" in capsys.readouterr().out
    assert (root / "scores" / scores).is_dir()
    assert main([*argv, "--delete"]) == 0
    assert "MB freed" in capsys.readouterr().out
    assert not list((root / "scores").glob(f"{scores}*"))
    assert {store.stage for store in stores(root)} >= {"segments", "features"}
