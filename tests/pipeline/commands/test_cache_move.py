"""`avel cache export | import`: what is passed on, and what is said to do next."""

from pathlib import Path

import numpy as np
import pytest

from avel.cache.maintenance import stores
from avel.pipeline.cli import main
from avel.pipeline.exchange import ave_export


@pytest.fixture
def data(bench: tuple[Path, Path]) -> list[str]:
    return ["--data", str(bench[0]), "--cache-dir", str(bench[1])]


def test_arguments_reach_the_export(
    bench: tuple[Path, Path],
    data: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[dict[str, object]] = []

    def export(data, store, out, root, **given):  # type: ignore[no-untyped-def]
        asked.append({"out": out, "root": root, **given})
        return iter(range(88))

    monkeypatch.setattr(ave_export, "export_ave_h5", export)
    assert main(["cache", "export", *data, "--out", "o"]) == 0
    assert main(["cache", "export", *data, "--out", "o", "--float32", "--allow-missing"]) == 0
    same = {"out": Path("o"), "root": bench[1]}
    assert asked == [
        {**same, "dtype": "float64", "missing_ok": False},
        {**same, "dtype": "float32", "missing_ok": True},
    ]
    mark = next(stores(bench[1])).fingerprint[:12]
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == f"o: features {mark} of 72 rows, ave-h5"
    assert "rows: 88 of 88" in captured.err


def test_there_and_back(
    bench: tuple[Path, Path], data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    assert main(["cache", "export", *data, "--out", str(out), "--layout", "npy"]) == 0
    assert np.load(next((out / "audio").iterdir()), allow_pickle=False).shape == (10, 128)
    assert main(["cache", "export", *data, "--out", str(out), "--float32"]) == 0
    capsys.readouterr()
    root = tmp_path / "c"
    argv = ["cache", "import", str(out), "--data", data[1], "--cache-dir", str(root)]
    assert main(argv) == 0
    mark = next(stores(root)).fingerprint[:12]
    assert capsys.readouterr().out.splitlines() == [
        f"{out}: 88 rows are feature set {mark}",
        f"next: avel train --data {data[1]} --set features={mark}",
    ]


def test_a_set_that_is_not_there(data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "export", *data, "--out", "o", "--store", "zz"]) == 4
    assert "0 feature sets begin with 'zz'" in capsys.readouterr().err
