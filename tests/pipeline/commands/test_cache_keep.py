"""`avel cache verify | gc`: damage is named, and nothing is removed unasked."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.cache.maintenance import stores
from avel.cache.store import Store
from avel.pipeline.cli import main
from avel.pipeline.work.claims import Claims
from avel.pipeline.work.owner import this_process
from tests.pipeline.commands.said import run_json


def mark(root: Path, stage: str) -> str:
    return next(store.fingerprint for store in stores(root) if store.stage == stage)


def test_verify_reads_everything_and_encodes_a_sample_again(
    warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = mark(warm, "features")
    argv = ["cache", "verify", features[:8], "--cache-dir", str(warm)]
    assert main([*argv, "--recompute", "1"]) == 0
    out = capsys.readouterr().out
    assert " sound items, 0 damaged" in out
    assert "1 items encoded again: largest difference 0.00e+00" in out


def test_verify_says_what_it_cannot_encode_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A set that another program made is no error: every other store is verified too."""
    recipe = {"stage": "features", "version": 2, "config": {"imported": "ave-h5"}}
    with Store(tmp_path, "features", recipe).writer() as writer:
        writer.add("0" * 64, {"audio": np.ones((10, 128), np.float32)})
    assert main(["cache", "verify", "--cache-dir", str(tmp_path), "--recompute", "2"]) == 0
    out = capsys.readouterr().out
    assert "1 sound items, 0 damaged" in out
    assert "0 items encoded again" in out
    assert "1 items skipped: they were imported (ave-h5)" in out


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


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO]
)
@pytest.mark.parametrize("command", ["gc", "verify", "ls", "localize", "extract"])
def test_what_cannot_be_read_is_not_damaged(
    command: str,
    number: int,
    warm: Path,
    synth: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Shards of another user, no descriptor or memory left, a disk that fails: nothing is lost."""
    before = {path: path.read_bytes() for path in warm.rglob("*") if path.is_file()}
    really = os.open

    def refusing(path: Path | str, *given: Any, **more: Any) -> int:
        if str(path).endswith(".h5"):
            raise OSError(number, os.strerror(number), str(path))
        return really(path, *given, **more)

    monkeypatch.setattr(os, "open", refusing)
    argv = {
        "gc": ["cache", "gc", "--delete"],
        "verify": ["cache", "verify"],
        "ls": ["cache", "ls"],
        "localize": ["localize", "--model", "synthetic", str(synth / "AVE")],
        "extract": ["extract", str(synth / "AVE")],
    }[command]
    assert main([*argv, "--cache-dir", str(warm)]) == 4
    said = capsys.readouterr().err
    assert f"cannot be read now ({os.strerror(number)}), which does not make it damaged" in said
    assert "Traceback" not in said
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in warm.rglob("*") if path.is_file()} == before


def test_gc_lists_before_it_removes(
    warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "c"
    shutil.copytree(warm, root)
    scores = mark(root, "scores")
    argv = ["cache", "gc", "--store", scores[:10], "--cache-dir", str(root)]
    assert main(argv) == 0
    assert "can be freed with --delete" in capsys.readouterr().out
    folder = root / "scores" / scores
    size = sum(path.stat().st_size for path in folder.iterdir())
    listed = {"deleted": False, "bytes": size, "garbage": [{"path": str(folder), "bytes": size}]}
    assert run_json(capsys, *argv, "--json") == (0, listed)
    assert (root / "scores" / scores).is_dir()
    assert main([*argv, "--delete"]) == 0
    assert "MB freed" in capsys.readouterr().out
    assert not list((root / "scores").glob(f"{scores}*"))
    assert {store.stage for store in stores(root)} >= {"segments", "features"}


def test_gc_names_what_it_keeps(
    warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "c"
    shutil.copytree(warm, root)
    folder = root / "scores" / mark(root, "scores")
    (folder / "stage.json").unlink()
    before = sorted(folder.iterdir())
    assert main(["cache", "gc", "--delete", "--cache-dir", str(root)]) == 0
    found = capsys.readouterr()
    assert sorted(folder.iterdir()) == before
    count = len(list(folder.glob("*.h5")))
    assert f"{folder}: has no stage.json, and {count} sound shards, which are kept" in found.err
    assert "writes it anew, or delete the folder" in found.err
    assert "0.0 MB freed" in found.out


def test_gc_takes_what_dead_loops_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Claims of the living stay, and so do marks of what is done, which they read."""
    dead = replace(this_process(), pid=2**22 + 1)
    folder = tmp_path / "work" / "abc"
    with Claims(folder / "claims") as living:
        living.take("a")
        (folder / "claims" / "node.beat").write_text(dead.to_json())
        (folder / "done").mkdir()
        (folder / "done" / "b").touch()
        argv = ["cache", "gc", "--cache-dir", str(tmp_path)]
        assert main(argv) == 0
        assert "claims/node.beat" in capsys.readouterr().out
        assert (folder / "claims" / "node.beat").exists()
        assert main([*argv, "--delete"]) == 0
        assert not (folder / "claims" / "node.beat").exists()
        assert (folder / "done" / "b").exists()
        assert (folder / "claims" / "lot-a").exists()
    assert main([*argv, "--delete"]) == 0
    assert not folder.exists()
