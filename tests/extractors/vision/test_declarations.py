"""Which files an open_clip tower takes, before anything of them is read."""

from pathlib import Path

import pytest

from avel.extractors.vision.declarations import OPENCLIP, TOWER_FILES
from avel.extractors.vision.record import RECORD
from avel.extractors.weights.files import WeightsError


def test_a_folder_or_its_file(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text("{}")
    for name in reversed(TOWER_FILES):  # the first wins where both are there
        (tmp_path / name).write_bytes(name.encode())
        (found,) = OPENCLIP.find([tmp_path]).files
        assert found.path == tmp_path / name
        assert OPENCLIP.find([tmp_path / name]).files == (found,)


@pytest.mark.parametrize("given", [[], [Path("a"), Path("b")]])
def test_one_is_needed(given: list[Path]) -> None:
    with pytest.raises(
        WeightsError, match=r"'openclip' needs --weights FOLDER, one with open_clip_config\.json"
    ):
        OPENCLIP.find(given)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds no open_clip_model\.safetensors and no open_cl"):
        OPENCLIP.find([tmp_path])


def test_weights_without_a_record(tmp_path: Path) -> None:
    (tmp_path / TOWER_FILES[0]).write_bytes(b"weights")
    with pytest.raises(
        WeightsError, match=r"nothing says which architecture it is .* put its open_clip_config"
    ):
        OPENCLIP.find([tmp_path])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such weight file; give the path of one with --we"):
        OPENCLIP.find([tmp_path / "none.pt"])
