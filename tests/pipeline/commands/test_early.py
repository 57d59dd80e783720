"""What a user misspelt is said before anything slow is loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FIRST = {
    "a threshold": (
        ["localize", "a.mp4", "--threshold", "2"],
        "threshold (2.0) must be between 0 and 1",
    ),
    "attention of a model without it": (
        ["localize", "a.mp4", "--attention", "--out", "o"],
        "everyday: judges pictures as a whole, so there is no attention to draw",
    ),
    "a key": (
        ["train", "--data", "{data}", "--set", "train.epoch=3"],
        "unknown key 'train.epoch'; did you mean 'train.epochs'?",
    ),
}
"""Named before anything is loaded that takes a tenth of a second, so they are asked first."""
CASES = {
    **FIRST,
    "no data": (["train", "--data", "nowhere"], "nowhere: has no Annotations.txt"),
    "a preset that is not": (
        ["train", "--data", "{data}", "--config", "dmfs"],
        "dmfs: no such config file; did you mean 'dmsf'?",
    ),
    "a table for a training": (
        ["train", "--data", "{data}", "--config", "leaderboard"],
        "leaderboard: is a preset of another command",
    ),
    "a section": (["train", "--data", "{data}", "--set", "train=5"], "'train' is a section"),
    "an option": (
        ["train", "--data", "{data}", "--set", "options.d_modl=3"],
        "unknown key 'options.d_modl'; did you mean 'options.d_model'?",
    ),
    "a model": (["train", "--data", "{data}", "--set", "model=dmfs"], "no model 'dmfs'; did you"),
    "an encoder": (["train", "--data", "{data}", "--set", "extractor=x"], "no extractor 'x'"),
    "a range": (["train", "--data", "{data}", "--seed", "-1"], "train.seed (-1) must be in [0"),
    "a row": (
        ["ablate", "--data", "{data}", "--out", "o", "--set", "settings={{train.epoch: 1}}"],
        "unknown key 'train.epoch'",
    ),
    "a training for a table": (
        ["bench", "--data", "{data}", "--out", "o", "--config", "dmsf"],
        "dmsf: is a preset of another command; presets: ablate_dmsf, leaderboard",
    ),
    "a protocol": (
        ["evaluate", "--data", "{data}", "--protocol", "avel"],
        "no protocol 'avel'; there are ave, psp",
    ),
    "labels without a protocol": (
        ["evaluate", "--data", "{data}", "--labels", "l.h5"],
        "labels (l.h5) are what a protocol counts by; give a protocol too",
    ),
    "a checkpoint": (
        ["evaluate", "--data", "{data}", "--model", "nowhere"],
        "nowhere: no such checkpoint",
    ),
    "a model's name": (
        ["localize", "{data}/v.mp4", "--model", "everday"],
        "everday: no such checkpoint; did you mean 'everyday'?",
    ),
    "no attention": (
        ["attention", "a.mp4", "--model", "everyday", "--out", "o"],
        "everyday: judges pictures as a whole, so there is no attention to draw",
    ),
    "an everyday checkpoint": (
        ["evaluate", "--data", "{data}", "--model", "everyday"],
        "everyday: has no checkpoint, since it is not trained",
    ),
    "a run": (["compare", "one", "other"], "one: has no decisions.npz; give the folder"),
    "a file to import": (
        ["model", "import", "none.pt", "--config", "dmin", "--data", "{data}", "--out", "o"],
        "none.pt: no such file; give the file that the authors published",
    ),
    "a config to summarize": (["model", "summary", "--config", "dmfs"], "no such config file"),
    "data for pretraining": (
        ["pretrain", "--data", "nowhere", "--out", "o"],
        "nowhere: has no Annotations.txt",
    ),
}

SCRIPT = """
import contextlib, io, json, sys
from avel.pipeline.cli import main

answers = {}
for name, words in json.load(sys.stdin).items():
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(words)
    loaded = [m for m in ("torch", "numpy", "h5py", "jsonargparse") if m in sys.modules]
    answers[name] = code, said.getvalue(), loaded
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, list[str]]]:
    """What one process says to all of them, and what was loaded until then."""
    data = tmp_path_factory.mktemp("ave")
    (data / "Annotations.txt").write_text("dog&one&good&0&3\n")
    for split in ("train", "val", "test"):
        (data / f"{split}Set.txt").write_text("dog&one&good&0&3\n")
    asked = {name: [w.format(data=data) for w in words] for name, (words, _) in CASES.items()}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=data,
    )
    found: dict[str, tuple[int, str, list[str]]] = json.loads(done.stdout)
    assert not list(Path(data).glob("o*")), "a wrong command left something behind"
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_word_is_named_without_loading_torch(
    answers: dict[str, tuple[int, str, list[str]]], name: str
) -> None:
    code, said, loaded = answers[name]
    assert CASES[name][1] in said
    assert said.startswith("avel: ")
    assert code == 2
    assert "torch" not in loaded
    assert not loaded or name not in FIRST
