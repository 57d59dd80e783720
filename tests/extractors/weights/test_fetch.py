"""Downloads: whole, resumed, refused; never under the file's name before they are checked."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from avel.extractors.weights.fetch import CHUNK, _Resuming, fetch
from avel.extractors.weights.files import WeightsError
from avel.extractors.weights.registry import Published
from tests.extractors.weights.server import CONTENT, FileServer, serving


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        yield running


class Counted:
    """What a download says of its progress."""

    def __init__(self) -> None:
        self.total, self.updates, self.closed = 0, 0, False
        self._reset = False

    def update(self, num_bytes: int) -> None:
        self.updates += 0 if self._reset else num_bytes

    def reset(self) -> None:
        self._reset = True

    def close(self) -> None:
        self.closed = True


def test_a_file_comes_whole_once(server: FileServer, tmp_path: Path) -> None:
    steps = Counted()
    path = fetch(server.entry(), tmp_path / "new", steps)
    assert path == tmp_path / "new" / "w.pt"
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["w.pt"]
    assert (steps.total, steps.closed) == (len(CONTENT), True)
    assert len(CONTENT) <= steps.updates <= len(CONTENT) + CHUNK
    assert fetch(server.entry(), path.parent) == path  # it is there: nothing is asked
    assert server.ranges == [None]


def test_a_broken_connection_is_gone_on_from(server: FileServer, tmp_path: Path) -> None:
    server.ends_at = 2_000_000
    with pytest.raises(
        WeightsError, match=r"w\.pt: cannot be downloaded \(.*\); with a network get"
    ):
        fetch(server.entry(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["w.pt.part"]
    part = (tmp_path / "w.pt.part").read_bytes()
    assert part == CONTENT[: len(part)]
    assert len(part) > 500_000
    fetch(server.entry(), tmp_path)
    assert server.ranges == [None, f"bytes={len(part)}-"]
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ["w.pt"]


def test_a_server_that_gives_no_parts_gives_all_again(server: FileServer, tmp_path: Path) -> None:
    server.gives_parts = False
    (tmp_path / "w.pt.part").write_bytes(CONTENT[:1000])
    fetch(server.entry(), tmp_path)
    assert server.ranges == ["bytes=1000-"]
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


@pytest.mark.parametrize("there", [len(CONTENT), len(CONTENT) + 1])
def test_a_part_that_is_whole_or_too_long(server: FileServer, tmp_path: Path, there: int) -> None:
    """A whole one is only checked; a longer one is none of this file."""
    (tmp_path / "w.pt.part").write_bytes((CONTENT + b"x")[:there])
    fetch(server.entry(), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert server.ranges == ([] if there == len(CONTENT) else [None])


def test_other_content_is_deleted_and_said(server: FileServer, tmp_path: Path) -> None:
    entry = server.entry(bytes(len(CONTENT)))
    for before in (b"", b"x" * 1000):
        (tmp_path / "w.pt.part").write_bytes(before)
        with pytest.raises(
            WeightsError,
            match=rf"{entry.url} has another sha256 than the published {entry.sha256[:12]}; it was",
        ):
            fetch(entry, tmp_path)
        assert not list(tmp_path.iterdir())


def test_a_file_of_that_name_with_other_content_is_replaced(
    server: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "w.pt").write_bytes(b"old")
    fetch(server.entry(), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_the_old_file_stays_until_the_new_one_is_checked(
    server: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "w.pt").write_bytes(b"old")
    with pytest.raises(WeightsError, match="another sha256"):
        fetch(server.entry(bytes(len(CONTENT))), tmp_path)
    assert (tmp_path / "w.pt").read_bytes() == b"old"


def test_offline_says_where_to_get_it_and_where_to_put_it(
    server: FileServer, tmp_path: Path
) -> None:
    gone = replace(server.entry(), url="http://127.0.0.1:1/w.pt")
    with pytest.raises(
        WeightsError,
        match=r"cannot be downloaded .*get http://127\.0\.0\.1:1/w\.pt and put it at .*w\.pt, then",
    ):
        fetch(gone, tmp_path)
    assert not (tmp_path / "w.pt").exists()


def test_a_folder_that_cannot_be_written(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(WeightsError, match=r"cannot be downloaded \(.*File exists"):
        fetch(server.entry(), tmp_path / "f")
    assert server.ranges == []


def unknown(server: FileServer) -> Published:
    """An entry of which nobody told the size and the sha256."""
    return replace(server.entry(), num_bytes=None, sha256=None)


def test_a_file_of_unknown_size_and_content_comes_whole(server: FileServer, tmp_path: Path) -> None:
    path = fetch(unknown(server), tmp_path)
    assert path.read_bytes() == CONTENT
    fetch(unknown(server), tmp_path)
    assert server.ranges == [None]


def test_a_broken_connection_of_unknown_size_is_gone_on_from(
    server: FileServer, tmp_path: Path
) -> None:
    """Its size is what the server says; without it a part would count as the file."""
    server.ends_at = 2_000_000
    with pytest.raises(WeightsError, match=r"w\.pt: cannot be downloaded"):
        fetch(unknown(server), tmp_path)
    assert not (tmp_path / "w.pt").exists()
    there = (tmp_path / "w.pt.part").stat().st_size
    fetch(unknown(server), tmp_path)
    assert server.ranges == [None, f"bytes={there}-"]
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_a_part_after_which_nothing_comes_is_fetched_again(
    server: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "w.pt.part").write_bytes(b"x" * len(CONTENT))
    fetch(unknown(server), tmp_path)
    assert server.ranges == [f"bytes={len(CONTENT)}-", None]
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_another_file_than_a_copy_says_what_to_do(server: FileServer, tmp_path: Path) -> None:
    """The publisher's own may be another: it can be brought, and is checked by loading it."""
    entry = replace(server.entry(bytes(len(CONTENT))), of_a_copy=True)
    with pytest.raises(
        WeightsError,
        match=r"than the one of a third-party copy, [0-9a-f]{12}; .*`avel weights add w\.pt`",
    ):
        fetch(entry, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_redirection_says_nothing_of_the_files_size(server: FileServer, tmp_path: Path) -> None:
    """It has a length of its own, 0; by it a part would be as long as the file."""
    server.redirects = True
    resuming = _Resuming(tmp_path / "w.pt.part", None, None)
    resuming(server.entry().url, str(tmp_path / "w.pt"), None)
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert resuming._num_bytes == len(CONTENT)
