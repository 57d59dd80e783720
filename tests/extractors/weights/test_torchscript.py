"""TorchScript archives: their tensors, and none of their code."""

import io
import zipfile
from pathlib import Path

import pytest
import torch

from avel.extractors.weights.files import WeightsError, is_torchscript
from avel.extractors.weights.tensors import read_tensors
from avel.extractors.weights.torchscript import read_torchscript
from tests.extractors.made import torchscript


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, torch.Tensor]]:
    path = tmp_path_factory.mktemp("archive") / "RN50.pt"
    return path, torchscript(path)


def test_tensors_by_their_dotted_names(archive: tuple[Path, dict[str, torch.Tensor]]) -> None:
    path, expected = archive
    assert is_torchscript(path)
    found = read_torchscript(path)
    assert found.keys() == expected.keys()
    assert "visual.layer1.0.conv1.weight" in found
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert read_tensors(path).keys() == found.keys()


def swapped(source: Path, target: Path, evil: bytes) -> Path:
    """The archive with other data in it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            data = entry.filename.endswith("/data.pkl")
            new.writestr(entry.filename, evil if data else old.read(entry))
    return target


def test_strange_objects(archive: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path) -> None:
    data = io.BytesIO()
    torch.save({"x": Path("runs code")}, data)
    with zipfile.ZipFile(data) as checkpoint:
        name = next(n for n in checkpoint.namelist() if n.endswith("/data.pkl"))
        path = swapped(archive[0], tmp_path / "evil.pt", checkpoint.read(name))
    with pytest.raises(ValueError, match=r"holds pathlib.*, which no TorchScript archive does"):
        read_torchscript(path)
    with pytest.raises(WeightsError, match=r"evil\.pt: cannot be read as weights \(holds pathlib"):
        read_tensors(path)


def test_code_of_the_archive_is_not_looked_at(
    archive: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    """What would not even compile changes nothing."""
    broken = tmp_path / "broken.pt"
    with zipfile.ZipFile(archive[0]) as old, zipfile.ZipFile(broken, "w") as new:
        for entry in old.infolist():
            code = entry.filename.split("/")[1] == "code"
            new.writestr(entry.filename, b"this is no code" if code else old.read(entry))
    assert read_torchscript(broken).keys() == archive[1].keys()
