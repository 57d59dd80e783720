"""`avel model`: parts with their parameters, and what an import says; adopting is in exchange."""

from pathlib import Path
from typing import Any

import pytest

from avel.models.card import Card
from avel.pipeline.cli import main
from avel.pipeline.exchange import adopt as adopting
from avel.pipeline.learning import summary
from avel.pipeline.learning.summary import Part
from tests.pipeline.commands.said import refused


def test_a_summary_is_a_table_with_its_sums(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def parts(experiment: Any, weights: list[Path]) -> list[Part]:
        asked.append((experiment.model, experiment.adapter.placement, weights))
        return [Part("encoder.audio", 0, 1_234_567), Part("dmsf.cic", 89_000, 0)]

    monkeypatch.setattr(summary, "parts", parts)
    argv = ["model", "summary", "--set", "adapter.placement=output", "--weights", "w.pt"]
    assert main(argv) == 0
    assert asked == [("dmsf", "output", [Path("w.pt")])]
    assert capsys.readouterr().out.splitlines() == [
        "part              trainable        frozen",
        "encoder.audio             0     1,234,567",
        "dmsf.cic             89,000             0",
        "all                  89,000     1,234,567",
    ]


def test_the_real_parts_are_summed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "summary", "--config", "av_att"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    counts = {name: (trainable, frozen) for name, trainable, frozen in rows}
    total = counts.pop("all")
    for column in (0, 1):
        numbers = [int(each[column].replace(",", "")) for each in counts.values()]
        assert sum(numbers) == int(total[column].replace(",", ""))
    assert any(name.startswith("av_att") for name in counts)


def test_an_import_says_what_it_knows_and_what_is_next(
    bench: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[Any] = []

    def adopt(file: Path, data: Any, experiment: Any, runtime: Any, out: Path) -> Card:
        asked.append((file, data.root, experiment.model, runtime.cache_dir, out))
        return Card("dmin", {}, ("a",), 10, {}, knows="imported from w.pt, not verified")

    monkeypatch.setattr(adopting, "adopt", adopt)
    (tmp_path / "w.pt").touch()
    data, cache = bench
    argv = ["model", "import", tmp_path / "w.pt", "--config", "dmin", "--out", tmp_path / "run"]
    assert main([str(a) for a in [*argv, "--data", data, "--cache-dir", cache]]) == 0
    assert asked == [(tmp_path / "w.pt", data, "dmin", cache, tmp_path / "run")]
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / 'run'}: dmin, imported from w.pt, not verified",
        f"next: avel evaluate --data {data} --model {tmp_path / 'run'} --protocol all",
    ]


def test_a_file_that_is_not_there(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["model", "import", "none.pt", "--config", "dmin", "--out", tmp_path / "run"]
    code, text = refused(capsys, *argv, "--data", bench[0])
    assert code == 2
    assert "none.pt: no such file; give the file that the authors published" in text
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("argv", [["model"], ["model", "import", "w.pt", "--data", "d"]])
def test_usage(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
