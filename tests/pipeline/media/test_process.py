"""Where decoding may be started from, and what is left when any process of it is killed."""

import contextlib
import errno
import itertools
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from avel.pipeline.media import process
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.decoder import Decoders, decode_files
from avel.pipeline.media.limits import DecodeLimits, resident_bytes
from avel.pipeline.media.messages import Ended, Window
from avel.pipeline.media.process import SERVER, Child, NoRoom, Server
from avel.pipeline.media.slots import room_for
from avel.pipeline.reasons import EnvironmentProblem
from tests.films import clicks, regular, write_film

CUT = SegmentConfig(image_size=32, sample_rate=8_000)
ROOM = room_for(CUT, 1)
linux = pytest.mark.skipif(sys.platform != "linux", reason="death with the parent is Linux's")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds."""
    path = tmp_path_factory.mktemp("film") / "v.mkv"
    return write_film(path, frame_times=regular(30, 10), samples=clicks(3 * 44_100, [3]))


def seconds(film: Path, workers: int = 1) -> list[int]:
    """Lengths of a film that is decoded so many times."""
    found = dict(decode_files([film] * workers, CUT, DecodeLimits(workers)))
    return [len(s.samples) for s in found.values() if isinstance(s, Segments)]


def server() -> int:
    assert SERVER._process is not None
    return SERVER._process.pid


def gone(pids: list[int], seconds: float) -> bool:
    """Whether processes have ended within so many seconds; one that nobody asks for may be left."""
    until = time.monotonic() + seconds
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            end = os.pidfd_open(pid)
            ended, _, _ = select.select([end], [], [], max(0, until - time.monotonic()))
            os.close(end)
            if not ended:
                return False
    return True


# Where it may be started from.

SCRIPT = """
import os, signal, sys
from pathlib import Path
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.decoder import Decoders, decode_files
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.process import SERVER
print("main", hasattr(sys.modules["__main__"], "__file__"), flush=True)
film, cut = Path(sys.argv[1]), SegmentConfig(image_size=32, sample_rate=8000)
print(len(dict(decode_files([film], cut, DecodeLimits()))[0].samples), "torch" in sys.modules, "av" in sys.modules)
decoders = Decoders(cut, DecodeLimits(3))
for number in range(3):
    decoders.start(number, film)
children = [lane.child.pid for lane in decoders._lanes]
for pid in children:
    print(pid, open(f"/proc/{pid}/maps").read().count("torch"))
os.kill(children[0], signal.SIGSTOP)
print(SERVER._process.pid, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("named", [True, False], ids=["script", "notebook"])
@linux
def test_a_script_without_a_guard_is_not_run_again_and_leaves_nothing(
    film: Path, tmp_path: Path, named: bool
) -> None:
    """Nor a `__main__` without a file, as a notebook's.

    No torch is loaded to decode, nor libav in the parent. When that is killed as nobody can
    handle, all others are gone within two seconds, also a child that is stopped.
    """
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    given = [str(script)] if named else ["-c", SCRIPT]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, *given, film], stdin=pipe, stdout=pipe, text=True
    ) as ran:
        assert ran.stdout is not None
        lines = [line.split() for line in itertools.islice(ran.stdout, 6)]
        assert lines[0] == ["main", str(named)]
        assert lines[1] == ["3", "False", "False"]
        assert [line[1] for line in lines[2:5]] == ["0"] * 3
        others = [int(line[0]) for line in lines[2:]]
        assert len(set(others)) == 4
        ran.kill()
        assert gone(others, 2)
        assert ran.stdout.read() == ""  # nobody else has ever written there
    assert ran.returncode == -signal.SIGKILL


def test_from_a_thread_that_ends(film: Path) -> None:
    """What it started goes on: the kernel's death signal comes with the end of a thread."""
    SERVER.stop()
    decoders = Decoders(CUT, DecodeLimits())
    thread = threading.Thread(target=decoders.start, args=(0, film))
    thread.start()
    thread.join()
    with decoders:
        said = [event for _ in range(9) if decoders.busy for event in decoders.events()]
    assert said[-1] == Ended(0)
    first = server()
    assert seconds(film) == [3]
    assert server() == first


def test_from_threads_side_by_side(film: Path) -> None:
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(seconds(film, 2))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[3, 3]] * 4


def _tell(line: socket.socket, work: Callable[[], object]) -> None:
    line.sendall(str(work()).encode())


@pytest.mark.parametrize("daemon", [True, False])
def test_from_a_forked_worker_also_a_daemonic_one(film: Path, daemon: bool) -> None:
    """multiprocessing lets those have no children. The server is not shared: theirs is their own."""
    assert seconds(film) == [3]
    ours = server()
    here, there = socket.socketpair()

    def work() -> object:
        return seconds(film), server() != ours, multiprocessing.current_process().daemon

    worker = multiprocessing.get_context("fork").Process(
        target=_tell, args=(there, work), daemon=daemon
    )
    worker.start()
    worker.join()
    assert here.recv(99).decode() == f"([3], True, {daemon})"
    assert server() == ours
    assert seconds(film) == [3]
    here.close()
    there.close()


# What is killed.


def test_any_child_may_be_killed_at_any_time(film: Path) -> None:
    """Each time another: its video is tried once more, and the others go on."""
    with Decoders(CUT, DecodeLimits(2, window_cells=1)) as decoders:
        for victim in range(2):
            windows, ends = [0, 0], []
            for number in range(2):
                decoders.start(number, film)
            os.kill(decoders._lanes[victim].child.pid, signal.SIGKILL)
            while decoders.busy:
                for event in decoders.events():
                    if isinstance(event, Window):
                        windows[event.job] += 1
                    else:
                        ends.append(event)
            assert windows == [3, 3]
            assert sorted(ends, key=lambda e: e.job) == [Ended(0), Ended(1)]


def test_a_child_may_be_killed_between_two_videos(film: Path) -> None:
    with Decoders(CUT, DecodeLimits()) as decoders:
        for _ in range(3):
            decoders.start(0, film)
            last = [event for _ in range(9) if decoders.busy for event in decoders.events()][-1]
            assert last == Ended(0)
            (lane,) = decoders._lanes
            os.kill(lane.child.pid, signal.SIGKILL)


def test_the_server_may_be_killed(film: Path) -> None:
    """Its children go with it, and begin again from another."""
    with Decoders(CUT, DecodeLimits(2, window_cells=1)) as decoders:
        for number in range(2):
            decoders.start(number, film)
        children, first = [lane.child.pid for lane in decoders._lanes], server()
        os.kill(first, signal.SIGKILL)
        assert gone(children, 2)
        said = [event for _ in range(99) if decoders.busy for event in decoders.events()]
    assert {event for event in said if isinstance(event, Ended)} == {Ended(0), Ended(1)}
    assert server() != first


def test_nothing_of_a_pool_is_left_at_its_end(film: Path) -> None:
    with Decoders(CUT, DecodeLimits(2)) as decoders:
        for number in range(2):
            decoders.start(number, film)
        children = [lane.child.pid for lane in decoders._lanes]
        before = len(os.listdir("/proc/self/fd"))
    assert gone(children, 0)
    assert len(os.listdir("/proc/self/fd")) == before - 4  # a line and a map each


# The server itself.


@linux
def test_a_child_is_small_and_has_no_torch(film: Path) -> None:
    with Decoders(SegmentConfig(), DecodeLimits()) as decoders:
        decoders.start(0, film)
        list(decoders.events())
        child = decoders._lanes[0].child.pid
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines()
        )
        assert 0 < resident_bytes(child) < int(status["VmRSS"].split()[0]) << 10
        assert int(status["VmRSS"].split()[0]) < 120 << 10
        assert status["NoNewPrivs"].strip() == "1"
        limits = Path(f"/proc/{child}/limits").read_text()
        for name, most in {
            "Max core file size": 0,
            "Max file size": 0,
            "Max open files": 16,
            "Max data size": DecodeLimits().data_bytes,
        }.items():
            assert limits.split(name)[1].split()[:2] == [str(most)] * 2
        ignored = int(status["SigIgn"], 16)
        assert ignored & 1 << signal.SIGINT - 1
        assert ignored & 1 << signal.SIGTERM - 1
        assert "torch" not in Path(f"/proc/{child}/maps").read_text()
        files = [os.readlink(f) for f in Path(f"/proc/{child}/fd").iterdir()]
        assert all(f.startswith(("/dev/null", "socket:", "/memfd:", str(film))) for f in files)


def test_an_exit_code_is_the_childs_own() -> None:
    child = Child(ROOM, 1 << 30)
    os.kill(child.pid, signal.SIGSEGV)
    assert gone([child.pid], 60)  # but for its exit code, which the server keeps
    assert child.end() == -signal.SIGSEGV
    stuck = Child(ROOM, 1 << 30)
    os.kill(stuck.pid, signal.SIGSTOP)
    assert stuck.end() == -signal.SIGKILL
    assert SERVER.end(stuck.pid) is None  # nobody's any more
    assert SERVER.end(os.getpid()) is None  # and never any other process


def test_a_question_that_is_interrupted_leaves_no_answer_behind(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between a question and its answer, which the next would be taken for."""
    assert seconds(film) == [3]
    line, first = SERVER._line, server()

    class Interrupted(SimpleNamespace):
        def recv(self, size: int) -> bytes:
            raise KeyboardInterrupt

    assert line is not None
    given = Interrupted(sendmsg=line.sendmsg, close=line.close)
    monkeypatch.setattr(SERVER, "_line", given)
    with pytest.raises(KeyboardInterrupt):
        Child(ROOM, 1 << 30)
    assert gone([first], 0)
    assert seconds(film) == [3]
    assert server() != first


def test_a_server_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "get_executable", lambda: "/bin/false")
    with pytest.raises(EnvironmentProblem, match=r"server of decoders does not start \(/bin/false"):
        Server().fork([], 1, 1)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAGAIN, errno.ENOMEM])
def test_no_room_for_another_child(
    film: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Those that are there do the work; where there is none, it is said what to allow."""
    real = SERVER.fork

    def once(*given: object) -> int:
        if real_calls:
            raise OSError(number, os.strerror(number))
        real_calls.append(1)
        return real(*given)  # type: ignore[arg-type]

    real_calls: list[int] = []
    monkeypatch.setattr(SERVER, "fork", once)
    assert seconds(film, 3) == [3, 3, 3]
    with pytest.raises(NoRoom, match=f"{os.strerror(number)}.*ulimit -n.*fewer --workers"):
        seconds(film)


def test_few_files_may_be_open(film: Path) -> None:
    """With 32 of them, of which a run needs some: as many decoders as there is room for."""
    code = (
        "import resource, sys; from pathlib import Path; resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32));"
        "from avel.pipeline.media.cells import SegmentConfig;"
        "from avel.pipeline.media.decoder import decode_files;"
        "from avel.pipeline.media.limits import DecodeLimits;"
        "found = dict(decode_files([Path(sys.argv[1])] * 16, SegmentConfig(image_size=32, sample_rate=8000), DecodeLimits(16)));"
        "print([len(found[n].samples) for n in range(16)])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, film], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == str([3] * 16)
    assert ran.stderr == ""


@pytest.mark.parametrize("has_fork", [True, False])
def test_what_is_missing_elsewhere_is_said(monkeypatch: pytest.MonkeyPatch, has_fork: bool) -> None:
    monkeypatch.setattr(process.sys, "platform", "other")
    if has_fork:
        with pytest.warns(UserWarning, match="on other the memory of decoders is not watched"):
            process._say_what_is_missing()
        return
    monkeypatch.delattr(os, "fork")
    with pytest.raises(EnvironmentProblem, match="not on other: use a container"):
        process._say_what_is_missing()
