"""`avel evaluate`: numbers as text and as JSON, what it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.pipeline.cli import main
from avel.pipeline.method.model import DEFAULT_MODEL
from tests.pipeline.commands.said import refused, run_json


def test_dataset_without_annotations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "evaluate", "--data", tmp_path)
    assert code == 2
    assert "has no Annotations.txt" in text


def test_dataset_of_other_classes(ave_tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "evaluate", "--data", ave_tables)
    assert code == 2
    assert "does not know the dataset's classes (first: 'Church bell')" in text


NUMBERS = {
    "split": "val",
    "coverage": {"evaluated": 1, "rows": 2, "missing": {"abc": "not extracted"}},
    "decoder": "gate 0.5",
    "accuracy": {"own": 0.9, "gate 0.5": 0.9, "argmax": 0.85},
    "baselines": {"all background": 0.4},
    "event_f1": 0.8126,
    "map": {"0.3": 0.75, "0.5": 0.5},
    "per_class": {"dog": 0.875, "bell": float("nan")},
}
ANSWERS = {
    "split": "test_match",
    "coverage": {"evaluated": 2, "rows": 2, "missing": {}},
    "queries": 3,
    "accuracy": {"a2v": 0.5, "v2a": 0.25},
    "baselines": {"always first": 0.125},
}
PROTOCOLS = {
    "split": "test",
    "protocols": [
        {"protocol": "ave", "accuracy": 0.7, "decoder": "argmax", "selection": "best on val", "labels": "annotations", "note": ""},
        {"protocol": "cmbs", "accuracy": 0.6, "decoder": "ungated", "selection": "best on test", "labels": "labels.h5", "note": "its gate is always open"},
    ],
    "baselines": {"all background": 0.4},
}  # fmt: skip


def stub(monkeypatch: pytest.MonkeyPatch, numbers: dict[str, Any]) -> list[Any]:
    asked: list[Any] = []

    def evaluate_any(data: Any, split: str, model: Any, runtime: Any, **how: Any) -> Any:
        asked.append((data.root, split, model.path, runtime.cache_dir, how))
        return numbers

    monkeypatch.setattr("avel.pipeline.evaluation.run.evaluate_any", evaluate_any)
    return asked


def command(bench: tuple[Path, Path], *extra: str) -> list[str]:
    return ["evaluate", "--data", str(bench[0]), "--cache-dir", str(bench[1]), *extra]


def test_numbers_in_words(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = stub(monkeypatch, NUMBERS)
    assert main(command(bench, "--split", "val")) == 0
    how = {"run": None, "protocol": None, "labels": None}
    assert asked == [(bench[0], "val", DEFAULT_MODEL, bench[1], how)]
    assert capsys.readouterr().out.splitlines() == [
        "split val: 1 of 2 rows",
        "  missing abc: not extracted",
        "segment accuracy, gate 0.5 (its own decoder) 90.00%",
        "  argmax                                 85.00%",
        "without a model",
        "  all background                         40.00%",
        "event F1 at tIoU 0.5           0.813",
        "mAP at tIoU                    0.3: 0.750  0.5: 0.500",
        "accuracy by class",
        "   87.50%  dog",
        "        -  bell",
    ]


def test_answers_to_queries_in_words(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, ANSWERS)
    assert main(command(bench)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "split test_match: 2 of 2 rows",
        "3 queries; right is only the exact start",
        "sound asks, found in the picture (A2V)   50.00%",
        "picture asks (V2A)                       25.00%",
        "without a model",
        "  always first                           12.50%",
    ]


def test_protocols_in_words(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = stub(monkeypatch, PROTOCOLS)
    assert main(command(bench, "--protocol", "all", "--labels", "labels.h5")) == 0
    assert asked[0][4] == {"run": None, "protocol": "all", "labels": Path("labels.h5")}
    assert capsys.readouterr().out.splitlines() == [
        "    ave   70.00%  argmax    best on val; labels: annotations",
        "   cmbs   60.00%  ungated   best on test; labels: labels.h5",
        "         its gate is always open",
        "without a model",
        "  all background                         40.00%",
    ]


def test_everything_as_json(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, ANSWERS)
    assert run_json(capsys, *command(bench, "--json")) == (0, ANSWERS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--protocol", "avel"], "no protocol 'avel'; there are ave, psp"),
        (["--labels", "l.h5"], "labels (l.h5) are what a protocol counts by; give a protocol too"),
        (["--model", "nowhere"], "nowhere: no such checkpoint"),
    ],
)
def test_what_is_refused(
    bench: tuple[Path, Path],
    given: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, text = refused(capsys, *command(bench, *given))
    assert code == 2
    assert message in text


def test_a_page_of_what_was_decided(
    synth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def evaluate_any(data: Any, split: str, model: Any, runtime: Any, **how: Any) -> Any:
        indices = np.array([[0] * 10])
        named = {"videos": np.array(["abc"]), "classes": np.array(["dog", "bell"])}
        how["keep"]({"truth": indices, "own": indices + 1, **named})
        return NUMBERS

    monkeypatch.setattr("avel.pipeline.evaluation.run.evaluate_any", evaluate_any)
    assert main(["evaluate", "--data", str(synth), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err == f"wrote {tmp_path}/out/report.html\n"
    assert "dog taken for bell: 10 segments" in (tmp_path / "out" / "report.html").read_text()


def test_a_protocol_has_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("evaluate", "--data", tmp_path, "--protocol", "ave", "--out", tmp_path)
    code, text = refused(capsys, *given)
    assert code == 2
    assert "--out writes a page of all numbers; leave --protocol out" in text
