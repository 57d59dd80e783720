"""`avel cache verify | gc`."""

import shutil
from pathlib import Path

import pytest

from avel.cache.maintenance import stores
from avel.pipeline.cli import main
from tests.pipeline.commands.said import refused
from tests.pipeline.commands.said import store_mark as mark


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


def test_all_stores_are_verified_where_none_is_named(
    warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", "verify", "--cache-dir", str(warm)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"segments", "features", "scores"}
    assert all(line.endswith("sound items, 0 damaged") for line in lines)


def test_a_store_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["verify", "abc"], ["gc", "--store", "abc"]):
        code, text = refused(capsys, "cache", *argv, "--cache-dir", tmp_path)
        assert code == 4
        assert "abc" in text


def test_nothing_to_remove(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "gc", "--cache-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "0.0 MB can be freed with --delete\n"
