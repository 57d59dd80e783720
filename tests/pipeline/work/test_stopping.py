"""The first signal asks, the second makes the end."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from avel.pipeline.work.stopping import ASKED, Stopping, Terminated


def hear(number: int) -> None:
    """A signal to this process, in whose handler nothing waits."""
    os.kill(os.getpid(), number)
    for thread in threading.enumerate():  # who says that it came
        if thread.daemon and thread is not threading.current_thread():
            thread.join(0.5)


@pytest.fixture(autouse=True)
def _heard() -> None:
    """A shell's background job would ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(
    ("number", "end"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_one_asks_and_two_end(
    number: int, end: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    called = []
    with Stopping() as stopping:
        stopping.then(lambda: called.append(1))
        assert not stopping()
        stopping.end()
        hear(number)
        assert stopping()
        assert called == [1]
        with pytest.raises(end):
            stopping.end()
        with pytest.raises(end):
            hear(number)
        assert called == [1]
    assert capsys.readouterr().err == f"{ASKED}\n"


def test_who_asks_after_the_signal_is_told_too() -> None:
    """It may come while a loop's process is begun, or torch is loaded for it."""
    called = []
    with Stopping(apart=True) as stopping:
        hear(signal.SIGTERM)
        stopping.then(lambda: called.append(1))
    assert called == [1]


def test_what_was_asked_for_first_is_the_end() -> None:
    with Stopping() as stopping:
        hear(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            hear(signal.SIGINT)
        with pytest.raises(Terminated):
            stopping.end()


def test_who_heard_before_hears_again() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Stopping():
        assert signal.getsignal(signal.SIGINT) not in before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Stopping() as stopping:
        hear(signal.SIGINT)
        assert not stopping()
        with Stopping(apart=True), pytest.raises(KeyboardInterrupt):
            hear(signal.SIGINT)


def test_a_loop_is_asked_as_often_as_one_likes(capsys: pytest.CaptureFixture[str]) -> None:
    """A scheduler ends every process of a job, and so does who started the loop."""
    called = []
    with Stopping(apart=True) as stopping:
        stopping.then(lambda: called.append(1))
        for _ in range(3):
            hear(signal.SIGTERM)
        assert stopping()
        assert called == [1]
        with pytest.raises(KeyboardInterrupt):
            hear(signal.SIGINT)
    assert capsys.readouterr().err == ""


def test_a_loop_that_hears_the_second_first_unwinds_all_the_same() -> None:
    """What comes while a process waits for its turn is heard by its number, not by its time."""
    code = """
import os, signal
from avel.pipeline.work.stopping import Stopping
both = signal.SIGTERM, signal.SIGINT
with Stopping(apart=True):
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, both)
        for number in both:
            os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
    except KeyboardInterrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        print("unwound")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "unwound\n"), done.stderr


def test_outside_of_the_main_thread_nothing_is_changed() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def run() -> None:
        with Stopping() as stopping:
            seen.append((signal.getsignal(signal.SIGTERM), stopping()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(before, False)]


def test_a_third_ends_what_does_not_unwind() -> None:
    code = """
import os, signal, time
from avel.pipeline.work.stopping import Stopping
with Stopping() as stopping:
    try:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        while True:  # another thread may hear it first
            time.sleep(0.01)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 143
    assert "Traceback" not in done.stderr
