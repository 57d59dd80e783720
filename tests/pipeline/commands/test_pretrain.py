"""`avel pretrain`: what it asks for and what it says; the training itself is in learning."""

from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.cli import main
from tests.pipeline.commands.said import refused


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    from avel.pipeline.learning import pretrain as module

    found: list[Any] = []

    def gather_segments(data: Any, runtime: Any) -> Any:
        found.append("gathered")
        return iter(range(72))

    def pretrain(data: Any, config: Any, runtime: Any, out: Path) -> dict[str, Any]:
        print("a bar of Lightning's")
        found.append((data.root, config, runtime.cache_dir, out))
        return {"test": {"image-audio": 0.9}, "seconds": 12}

    monkeypatch.setattr(module, "gather_segments", gather_segments)
    monkeypatch.setattr(module, "pretrain", pretrain)
    return found


def test_segments_are_gathered_and_the_record_is_said(
    asked: list[Any],
    bench: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = ["--data", bench[0], "--cache-dir", bench[1], "--out", tmp_path / "w"]
    chosen = ["--epochs", "3", "--seed", "5", "--precision", "32-true"]
    assert main(["pretrain", *map(str, where), *chosen]) == 0
    gathered, (data, config, cache, out) = asked
    assert gathered == "gathered"  # before the training
    assert (data, cache, out) == (bench[0], bench[1], tmp_path / "w")
    assert (config.epochs, config.seed, config.precision) == (3, 5, "32-true")
    found = capsys.readouterr()
    assert found.out == f"{tmp_path / 'w'}: {{'image-audio': 0.9}}, 12 s\n"
    assert "a bar of Lightning's" in found.err


def test_no_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "pretrain", "--data", tmp_path, "--out", tmp_path / "w")
    assert code == 2
    assert "has no Annotations.txt" in text


def test_a_seed_below_zero(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["pretrain", "--data", bench[0], "--out", tmp_path / "w", "--seed", "-1"]
    code, text = refused(capsys, *argv)
    assert code == 2
    assert "seed" in text
    assert "(-1)" in text


def test_usage(tmp_path: Path) -> None:
    for given in (["--epochs", "0"], ["--precision", "8-bit"], []):
        with pytest.raises(SystemExit) as caught:
            main(["pretrain", "--data", str(tmp_path), *given])
        assert caught.value.code == 2
