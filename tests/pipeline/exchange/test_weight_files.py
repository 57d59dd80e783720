"""Weight files by name: where they are, whether they are the published ones, how to get them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import load_file

from avel.extractors import EXTRACTORS
from avel.extractors.weights import registry
from avel.extractors.weights.files import WeightsError
from avel.extractors.weights.registry import PUBLISHED
from avel.pipeline.exchange.weight_files import (
    CHUNK,
    OTHER,
    Known,
    Megabytes,
    add,
    convert,
    fetch_published,
    known_files,
    names,
    verdict,
)
from avel.pipeline.reasons import InputError
from tests.extractors.weights.server import CONTENT, FileServer, serving

TINY = Path(__file__).parents[3] / "extractors" / "weights" / "audioclip-tiny.safetensors"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where users' weights are: an empty folder."""
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "w"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "w"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving() as running:
        monkeypatch.setitem(registry.PUBLISHED, "w.pt", running.entry())
        yield running


def test_every_file_is_known_once() -> None:
    found = names()
    assert len(found) == len(set(found))
    assert set(PUBLISHED) <= set(found)
    for extractor in EXTRACTORS.values():
        assert set(extractor.files) <= set(found)


def test_a_verdict_is_by_content(server: FileServer) -> None:
    right = hashlib.sha256(CONTENT).hexdigest()
    assert verdict("w.pt", right) == "as published"
    assert verdict("w.pt", "0" * 64) == OTHER
    assert verdict("nobody's.pt", right) == ""


def test_known_files_say_where_they_are_or_how_to_get_them(server: FileServer) -> None:
    found = {known.name: known for known in known_files()}
    tiny = found["audioclip-tiny.safetensors"]
    assert tiny.found is not None
    assert (tiny.found.path.resolve(), tiny.is_missing, tiny.verdict) == (TINY, False, "")
    missing = found["w.pt"]
    assert missing.is_missing
    assert missing.verdict == ""
    assert missing.how_to_get == "some weights, 5 MB, MIT: avel weights fetch w.pt"


def test_a_file_that_cannot_be_used_is_not_missing() -> None:
    known = Known("w.pt", None, "w.pt: cannot be read (Permission denied)")
    assert not known.is_missing
    assert known.how_to_get == "w.pt: cannot be read (Permission denied)"


def test_added_files_are_copied_under_their_name(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine.safetensors"
    own.write_bytes(TINY.read_bytes())
    found = add(own, "audioclip-tiny.safetensors")
    assert found.path == folder / "audioclip-tiny.safetensors"
    assert found.path.read_bytes() == TINY.read_bytes()
    assert found.sha256 == hashlib.sha256(TINY.read_bytes()).hexdigest()
    assert [path.name for path in folder.iterdir()] == ["audioclip-tiny.safetensors"]


def test_files_that_nobody_looks_for_are_not_added(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine.safetensors"
    own.write_bytes(TINY.read_bytes())
    with pytest.raises(
        InputError, match=r"mine\.safetensors: no weight file avel knows; give --as"
    ):
        add(own)
    assert not folder.exists()


def test_files_that_do_not_fit_are_not_added(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "audioclip-tiny.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        add(tmp_path / "audioclip-tiny.safetensors")
    assert not folder.exists()


def test_fetched_files_are_where_avel_looks(server: FileServer, folder: Path) -> None:
    entry, path = fetch_published("w.pt")
    assert path == folder / "w.pt"
    assert path.read_bytes() == CONTENT
    assert entry.licence == "MIT"
    known = next(known for known in known_files() if known.name == "w.pt")
    assert known.verdict == "as published"


def test_names_that_nobody_published(server: FileServer) -> None:
    with pytest.raises(InputError, match=r"v\.pt: not a published file; there are .*w\.pt"):
        fetch_published("v.pt")
    assert server.ranges == []


def test_a_download_is_counted_in_whole_chunks() -> None:
    counted = Megabytes(3 * CHUNK + 1)
    seen: list[int] = []
    counted._counted = iter(seen.append(n) or n for n in range(4))
    counted.update(2 * CHUNK)
    assert seen == [0, 1]
    counted.reset()
    counted.close()
    assert seen == [0, 1, 2, 3]


def test_converted_files_hold_the_same_tensors_and_name_their_sources(tmp_path: Path) -> None:
    out = tmp_path / "new" / "one.safetensors"
    count, source = convert("audioclip-tiny", [TINY], out)
    before, after = load_file(TINY), load_file(out)
    assert count == len(after)
    assert source
    for name, tensor in after.items():
        assert tensor.equal(before[name]), name
    with safe_open(out, "pt") as file:
        told = file.metadata()
    assert told == {
        "source audioclip-tiny.safetensors": hashlib.sha256(TINY.read_bytes()).hexdigest()
    }
    assert [path.name for path in out.parent.iterdir()] == ["one.safetensors"]


@pytest.mark.parametrize(
    ("extractor", "out", "message"),
    [
        ("audioclip-tiny", "one.pt", r"--out .*one\.pt: must end in \.safetensors"),
        ("audioclip-tiny+audioclip-tiny", "one.safetensors", "convert one extractor at a time"),
    ],
)
def test_conversions_that_cannot_be(tmp_path: Path, extractor: str, out: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        convert(extractor, [TINY] * (extractor.count("+") + 1), tmp_path / out)
