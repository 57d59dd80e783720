"""What is no regular file is named at once, never waited for, and never opened."""

import os
import socket
from pathlib import Path

import pytest

from avel.pipeline.media import regular
from avel.pipeline.media.regular import check_regular, open_regular
from avel.pipeline.reasons import MediaError, Reason


def refused(path: Path) -> str:
    """Why, by both ways of asking."""
    messages = set()
    for ask in (check_regular, open_regular):
        with pytest.raises(MediaError) as caught:
            ask(path)
        assert caught.value.reason == Reason.MISSING_FILE
        messages.add(caught.value.message)
    (message,) = messages
    assert message.startswith(f"{path}: ")
    return message


def test_a_file_is_opened_and_known(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"0123456789")
    assert check_regular(path).st_size == 10
    with open_regular(path) as file:
        assert (file.read(4), file.seek(0, os.SEEK_END), file.writable()) == (b"0123", 10, False)
        assert not os.get_inheritable(file.fileno())


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to("v.mp4")
    with open_regular(tmp_path / "link.mp4") as file:
        assert file.read() == b"x"
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    assert refused(tmp_path / "loop.mp4").endswith("is not a file")
    (tmp_path / "pipe.mp4").symlink_to("/dev/zero")
    assert refused(tmp_path / "pipe.mp4").endswith("is a device, not a regular file")


def test_pipes_devices_sockets_and_folders_are_named(tmp_path: Path) -> None:
    """A pipe that nobody writes to is not waited for."""
    pipe = tmp_path / "p.mp4"
    os.mkfifo(pipe)
    assert refused(pipe).endswith("is a pipe (FIFO), not a regular file")
    assert refused(Path("/dev/zero")).endswith("is a device, not a regular file")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.mp4"))
        assert refused(tmp_path / "s.mp4").endswith("is a socket, not a regular file")
    assert refused(tmp_path).endswith("is a folder, not a regular file")


def test_names_that_cannot_be(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path / "a\0b.mp4", tmp_path / ("n" * 300)):
        assert refused(path).endswith("is not a file")


def test_what_takes_the_name_meanwhile_is_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the opening a pipe comes: neither waited for nor read, and closed."""
    path = tmp_path / "v.mp4"
    os.mkfifo(path)
    monkeypatch.setattr(regular, "check_regular", lambda path: None)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(MediaError, match=r"MISSING_FILE: .* is a pipe \(FIFO\)"):
            open_regular(path)
    assert len(os.listdir("/proc/self/fd")) == before
