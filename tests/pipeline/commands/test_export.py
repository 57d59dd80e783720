"""`avel export`: what it asks for and what it says; the forms themselves are in exchange."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.exchange import runtimes
from avel.pipeline.method.model import DEFAULT_MODEL
from tests.pipeline.commands.said import refused

SHAPES = "audio, visual_map, visual, mask -> relevance, classes; any batch size"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str, Path]]:
    found: list[tuple[Path, str, Path]] = []

    def export(model: Path, form: str, out: Path) -> float:
        found.append((model, form, out))
        return 2.5e-7

    monkeypatch.setattr(runtimes, "export", export)
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], (DEFAULT_MODEL, "onnx", Path("model.onnx"))),
        (["--format", "torch-export"], (DEFAULT_MODEL, "torch-export", Path("model.pt2"))),
        (["--model", "run", "--out", "o.onnx"], (Path("run"), "onnx", Path("o.onnx"))),
    ],
)
def test_what_is_written_and_how_near_it_is(
    asked: list[tuple[Path, str, Path]],
    given: list[str],
    expected: tuple[Path, str, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["export", *given]) == 0
    assert asked == [expected]
    assert capsys.readouterr().out.splitlines() == [
        f"{expected[2]}: {SHAPES}",
        "largest difference from the model: 2.5e-07",
    ]


def test_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["export", "--format", "torch-export", "--model", tmp_path / "none"]
    code, text = refused(capsys, *argv)
    assert code == 2
    assert "no such checkpoint; `avel train` writes one" in text
