"""One file written from several forms of the same weights."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from avel.extractors import choose
from avel.extractors.weights.files import find_weights
from avel.pipeline.cli import main
from tests.extractors.made import TINY_FILE, cells, head_files


def test_convert_writes_one_file_with_its_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = [str(path) for path in head_files(tmp_path)]
    out = tmp_path / "one.safetensors"
    assert (
        main(["weights", "convert", *two, "--extractor", "audioclip-tiny", "--out", str(out)]) == 0
    )
    assert load_file(out).keys() == load_file(TINY_FILE).keys()
    with safe_open(out, "pt") as file:
        assert file.metadata()["source CLIP.pt"] == find_weights([], [Path(two[0])]).sha256
    one, both = (choose("audioclip-tiny", w).load()(*cells(1)) for w in ([out], map(Path, two)))
    assert all(torch.equal(one[key], both[key]) for key in one)
    assert main(["weights", "convert", two[0], "--out", str(tmp_path / "x.bin")]) == 2
    assert "must end in .safetensors" in capsys.readouterr().err
