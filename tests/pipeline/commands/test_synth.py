"""`avel synth`: its arguments become the film set's config."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.synth import dataset, looks, timbres
from avel.pipeline.synth.script import SynthConfig
from tests.pipeline.commands.said import refused


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, SynthConfig, int | None]]:
    found: list[tuple[Path, SynthConfig, int | None]] = []

    def write(out, config, workers, *, only_test=None):  # type: ignore[no-untyped-def]
        found.append((out, config, only_test))
        return iter(range(only_test or config.num_videos))

    monkeypatch.setattr(dataset, "write_synth", write)
    return found


def test_the_whole_set(
    asked: list[tuple[Path, SynthConfig, int | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "d", "--videos", "100", "--noisy", "0.5", "--seed", "3"]) == 0
    ((out, config, only_test),) = asked
    assert (out, only_test) == (Path("d"), None)
    assert (config.num_videos, config.noisy_share, config.seed) == (100, 0.5, 3)
    assert (config.style, config.timbre) == (looks.Style(), timbres.Timbre())
    printed = capsys.readouterr().out
    assert printed == "d: 150 videos\nnext: avel extract d && avel train --data d\n"


def test_a_part_of_a_shifted_set(
    asked: list[tuple[Path, SynthConfig, int | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "d", "--shift", "--only-test", "4"]) == 0
    assert asked[0][2] == 4
    assert (asked[0][1].style, asked[0][1].timbre) == (looks.SHIFTED, timbres.SHIFTED)
    assert capsys.readouterr().out == "d: 4 videos\n"


def test_too_few_videos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "synth", tmp_path, "--videos", "10")
    assert code == 2
    assert "num_videos (10) must be at least 84" in text
