"""`avel weights`: what is there, what is missing and how to get it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from avel.extractors.weights import registry
from avel.extractors.weights.files import find_file
from avel.pipeline.cli import main
from tests.extractors.weights.server import CONTENT, FileServer, serving

TINY = Path(__file__).parents[3] / "extractors" / "weights" / "audioclip-tiny.safetensors"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "w"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "w"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving() as running:
        monkeypatch.setitem(registry.PUBLISHED, "w.pt", running.entry())
        yield running


def test_fetch_says_where_it_is_and_its_licence(
    server: FileServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "fetch", "w.pt"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{folder / 'w.pt'}  some weights; licence MIT\n"
    assert captured.err.startswith("MiB: 5 of 5, ")
    assert (folder / "w.pt").read_bytes() == CONTENT
    assert main(["weights", "fetch", "w.pt"]) == 0  # and again, which asks for nothing
    assert server.ranges == [None]


def test_fetch_of_a_name_that_nobody_published(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "fetch", "nothing.pt"]) == 2
    assert (
        "not a published file; there are everyday, AudioCLIP-Full-Training.pt"
        in capsys.readouterr().err
    )


def test_a_broken_download_is_exit_4(
    server: FileServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.ends_at = 100
    assert main(["weights", "fetch", "w.pt"]) == 4
    assert "w.pt: cannot be downloaded" in capsys.readouterr().err
    assert not (folder / "w.pt").exists()


def test_ls_names_what_is_missing_and_how_to_get_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / "CLIP.pt").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert main(["weights", "ls"]) == 0
    rows = {
        line.split()[0]: line.split(maxsplit=2)[1:] for line in capsys.readouterr().out.splitlines()
    }
    assert rows[TINY.name] == ["package", str(find_file(TINY.name).path)]
    assert rows["ESRNXFBSP.pt"] == [
        "missing",
        "audio head only, 527 AudioSet classes, 125 MB, MIT: avel weights fetch ESRNXFBSP.pt",
    ]
    assert rows["CLIP.pt"][1].startswith(f"{folder / 'CLIP.pt'}: is a git-LFS pointer")
    assert any("your own copy: avel weights add" in row[1] for row in rows.values())


def test_add_checks_before_it_copies(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "audioclip-tiny.safetensors"
    bad.write_bytes(TINY.read_bytes()[:1000])
    assert main(["weights", "add", str(bad)]) == 4
    assert not list(folder.glob("*"))
    bad.write_bytes(TINY.read_bytes())
    assert main(["weights", "add", str(bad)]) == 0
    sha256 = hashlib.sha256(TINY.read_bytes()).hexdigest()
    assert capsys.readouterr().out == f"{folder / bad.name}  sha256 {sha256}\n"
    assert find_file(bad.name).found_in == "AVEL_WEIGHTS_DIR"
    assert [path.name for path in folder.iterdir()] == [bad.name]
    unknown = bad.rename(tmp_path / "mine.safetensors")
    assert main(["weights", "add", str(unknown)]) == 2
    assert "no weight file avel knows; give --as one of" in capsys.readouterr().err
    assert main(["weights", "add", str(unknown), "--as", "audioclip-tiny.safetensors"]) == 0


def test_add_says_where_it_is_not_the_published_file(
    server: FileServer, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_bytes(b"other")
    assert main(["weights", "add", str(tmp_path / "mine"), "--as", "w.pt"]) == 0
    assert capsys.readouterr().out.endswith(", not the published file\n")


def test_verify_tells_published_from_other(
    server: FileServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / "w.pt").write_bytes(CONTENT)
    assert main(["weights", "verify"]) == 0
    out = capsys.readouterr().out
    assert f"w.pt  {hashlib.sha256(CONTENT).hexdigest()}, as published" in out
    assert "ESRNXFBSP" not in out  # what is missing is no fault
    (folder / "w.pt").write_bytes(b"something else")
    assert main(["weights", "verify"]) == 3
    assert ", not the published file" in capsys.readouterr().out
    (folder / "w.pt").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert main(["weights", "verify"]) == 3
    assert "is a git-LFS pointer" in capsys.readouterr().out


def test_convert_refuses_what_it_cannot_write(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "convert", str(TINY), "--out", str(tmp_path / "x.bin")]) == 2
    assert "must end in .safetensors" in capsys.readouterr().err
    two = [str(TINY), str(TINY)]
    argv = [
        "--extractor",
        "audioclip-tiny+audioclip-tiny",
        "--out",
        str(tmp_path / "x.safetensors"),
    ]
    assert main(["weights", "convert", *two, *argv]) == 2
    assert "convert one extractor at a time" in capsys.readouterr().err
    assert not list(tmp_path.glob("x*"))


def test_a_group_is_fetched_with_what_is_known_of_it(
    server: FileServer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    unverified = replace(server.entry(), sha256=None, num_bytes=None)
    monkeypatch.setitem(registry.PUBLISHED, "w.pt", unverified)
    monkeypatch.setitem(registry.GROUPS, "everyday", ("w.pt",))
    assert main(["weights", "fetch", "everyday"]) == 0
    said = f"{folder / 'w.pt'}  some weights; licence MIT, {registry.UNKNOWN}\n"
    assert capsys.readouterr().out == said
    assert main(["weights", "ls"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows["w.pt"].endswith(f"{folder / 'w.pt'}, {registry.UNKNOWN}")
    assert rows["mn04_as_mAP_432.pt"].endswith(
        f"4 MB, MIT: avel weights fetch mn04_as_mAP_432.pt, {registry.OF_A_COPY}"
    )
    assert main(["weights", "verify"]) == 0
    assert f", {registry.UNKNOWN}" in capsys.readouterr().out
