"""What a child may not do, asked of the system: of a process that is confined, and by its calls."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from avel.pipeline.media import confine
from avel.pipeline.media.confine import MOST_FILES, die_with
from tests.films import clicks, regular, write_film

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits and death signals are Linux's")

CONFINED = """
import os, resource, sys
sys.path[:] = sys.argv[2:]
from avel.pipeline.media.confine import confine
core, soft = resource.RLIMIT_CORE, resource.RLIMIT_NOFILE
resource.setrlimit(soft, (12, 12))
confine(1 << 30)
print(resource.getrlimit(core), resource.getrlimit(soft), resource.getrlimit(resource.RLIMIT_DATA))
for what in (
    lambda: open(sys.argv[1], "ab", buffering=0).write(b"x"),
    lambda: [os.dup(0) for _ in range(20)],
    lambda: bytearray(2 << 30),
    lambda: resource.setrlimit(soft, (99, 99)),
):
    try:
        what()
        print("done")
    except (OSError, MemoryError, ValueError) as err:
        print(type(err).__name__, getattr(err, "strerror", "") or "")
"""


@linux
def test_what_a_confined_process_may_not_do(tmp_path: Path) -> None:
    """Write a file, open many, map much, or take its limits back; lower ones of before stay."""
    (tmp_path / "a").touch()
    ran = subprocess.run(
        [sys.executable, "-c", CONFINED, tmp_path / "a", *sys.path], capture_output=True, text=True
    )
    *lines, last = ran.stdout.splitlines()
    assert lines == [
        f"(0, 0) (12, 12) ({1 << 30}, {1 << 30})",
        "OSError File too large",
        "OSError Too many open files",
        "MemoryError ",
    ]
    assert last in ("ValueError ", "done")  # some superusers may
    assert (tmp_path / "a").stat().st_size == 0


def test_limits_are_lowered_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {resource.RLIMIT_CORE: (5, resource.RLIM_INFINITY), resource.RLIMIT_NOFILE: (4, 8)}
    found = {}
    monkeypatch.setattr(
        resource, "getrlimit", lambda kind: before.get(kind, (0, resource.RLIM_INFINITY))
    )
    monkeypatch.setattr(resource, "setrlimit", found.__setitem__)
    monkeypatch.setattr(confine.sys, "platform", "other")  # nothing else is set there
    confine.confine(1 << 31)
    assert found == {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (8, 8),
        resource.RLIMIT_DATA: (1 << 31, 1 << 31),
    }
    assert MOST_FILES > 8


def test_a_child_with_a_gpu_has_more_open_and_maps_freely(monkeypatch: pytest.MonkeyPatch) -> None:
    """But writes no file, either."""
    found = {}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (0, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", found.__setitem__)
    monkeypatch.setattr(confine.sys, "platform", "other")
    confine.confine(0)
    assert found == {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (confine.MOST_GPU_FILES,) * 2,
    }
    assert confine.MOST_GPU_FILES > MOST_FILES


@linux
def test_a_parent_that_was_quicker_is_not_waited_for() -> None:
    """It may die between the fork and the child's first call."""
    pid = os.fork()
    if not pid:
        die_with(1)  # somebody else's
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    pid = os.fork()
    if not pid:
        die_with(os.getppid())
        os.kill(os.getpid(), signal.SIGUSR1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGUSR1


DECODE = """
import sys
sys.path[:] = sys.argv[4:]
from pathlib import Path
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.decoder import Decoders
from avel.pipeline.media.limits import DecodeLimits
with Decoders(SegmentConfig(image_size=32, sample_rate=8000), DecodeLimits()) as decoders:
    for number, name in enumerate(sys.argv[1:4]):
        decoders.start(number, Path(name))
        said = [type(e).__name__ for _ in range(99) if decoders.busy for e in decoders.events()]
        print(*said, decoders._lanes[0].child.pid)
"""
CALLS = "trace=%file,%network,execve,fork,vfork,kill,ptrace"
ONLY_LOOKED_AT = ("stat", "newfstatat", "readlink", "access", "statx", "lstat")


@linux
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_child_opens_its_files_and_nothing_else(tmp_path: Path) -> None:
    """No second file, no network, no process, whatever a file says; asked of the kernel."""
    film = write_film(tmp_path / "v.mp4", frame_times=regular(30))
    write_film(tmp_path / "a.wav", samples=clicks(4410, [5]))
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile a.wav\n")
    (tmp_path / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\na.wav\n")
    files = [film, tmp_path / "list.mp4", tmp_path / "playlist.mp4"]
    log = tmp_path / "log"
    trace = ["strace", "-ff", "-qq", "-s", "4096", "--seccomp-bpf", "-e", CALLS, "-o", str(log)]
    command = [*trace, sys.executable, "-c", DECODE, *files, *sys.path]
    ran = subprocess.run(command, capture_output=True, text=True)
    if "ptrace" in ran.stderr.lower():
        pytest.skip(f"processes may not be traced here: {ran.stderr[:80]}")
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert [line[:-1] for line in lines] == [["Window", "Ended"], ["Ended"], ["Ended"]]
    (child,) = {line[-1] for line in lines}
    *calls, last = Path(f"{log}.{child}").read_text().splitlines()
    assert last == "+++ killed by SIGKILL +++"
    opened = [call for call in calls if call.startswith("open")]
    for path, call in zip(files, opened, strict=True):
        assert f'"{path}", O_RDONLY|' in call
        assert "O_NONBLOCK" in call
    looked = [call for call in calls if call.startswith(ONLY_LOOKED_AT)]
    names = ('""', *(f'"{path}"' for path in files))  # what is open, or is about to be
    assert all(any(name in call for name in names) for call in looked), looked
    others = [call for call in calls if call not in opened and call not in looked]
    assert all(re.match(r"(sendmsg|recvmsg|sendto|recvfrom)\(", call) for call in others), others
