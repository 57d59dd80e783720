import os
from pathlib import Path

import pytest

from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.server.folder import ID, Folder, new_id

NAMES = (
    "..",
    "../../etc/passwd",
    "a/b",
    "",
    "A" * 32,
    "0" * 31,
    "0" * 33,
    "0" * 31 + "/",
    "0" * 32 + "\n",
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "served")
    made.make()
    return made


def test_ids_are_random_and_long() -> None:
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(ID.fullmatch(each) for each in made)


@pytest.mark.parametrize("name", NAMES)
def test_no_other_name_leads_to_a_file(folder: Folder, name: str) -> None:
    for place in (folder.part, folder.film, folder.proxy):
        with pytest.raises(ValueError, match="must have 32 hex digits"):
            place(name)
    with pytest.raises(ValueError, match="must have 32 hex digits"):
        folder.result("0" * 32, name)


def test_every_place_lies_in_the_folder(folder: Folder) -> None:
    one, other = "0" * 32, "f" * 32
    places = [
        folder.part(one),
        folder.media(one, ".mp4"),
        folder.proxy(one),
        folder.result(one, other),
    ]
    assert all(place.resolve().is_relative_to(folder.root.resolve()) for place in places)
    assert len({*places}) == 4


def test_nobody_else_may_read_it(folder: Folder) -> None:
    assert os.stat(folder.root).st_mode & 0o077 == 0


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"--folder .*file: is a file or lies in one"):
        Folder(tmp_path / "file").make()


def test_a_folder_that_cannot_be_made() -> None:
    with pytest.raises(EnvironmentProblem, match=r"--folder /proc/no: cannot be written"):
        Folder(Path("/proc/no")).make()


def test_one_server_a_folder(folder: Folder) -> None:
    with (
        folder.alone(),
        pytest.raises(EnvironmentProblem, match="another `avel serve` serves it"),
        folder.alone(),
    ):
        pass
    with folder.alone():
        pass


def test_a_film_goes_whole(folder: Folder) -> None:
    video = new_id()
    folder.film(video).mkdir()
    folder.media(video, ".mp4").write_bytes(b"x")
    folder.delete_film(video)
    assert list((folder.root / "videos").iterdir()) == []
    assert list((folder.root / "uploads").iterdir()) == []
    folder.delete_film(video)


def test_the_disk_has_room(folder: Folder) -> None:
    assert folder.free_bytes() > 0
