"""A loop of another program: says outcomes, and ends as it is told."""

import os
import signal
import sys
import time

from avel.pipeline.batch.launch import READY, to_line
from avel.pipeline.media.confine import die_with
from avel.pipeline.method.outcome import Outcome


def main() -> None:
    from pathlib import Path

    mark = Path(sys.argv[1])
    die_with(os.getppid())
    for word in sys.argv[2:]:
        if word == "wait":
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: sys.exit(0))
            time.sleep(1000)
        elif word == "late":  # hears signals, which its parent does not know yet
            signal.signal(signal.SIGTERM, lambda *_: print(READY, flush=True))
            signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
            mark.touch()
            while True:
                signal.pause()
        elif word == "kill-once" and not mark.exists():
            mark.touch()
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        elif word == "kill-parent-once" and not mark.exists():
            mark.touch()
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(1000)
        elif word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif word.startswith("exit"):
            code, _, only = word[4:].partition("@")
            if only in ("", os.environ.get("MARK")):
                sys.exit(int(code))
        elif word == "ready":
            print(READY, flush=True)
        elif word == "environment":
            print(to_line(Outcome(Path(os.environ["MARK"]), None)))
        elif not word.startswith("kill"):
            print(to_line(Outcome(Path(word), "k", cells=3)), flush=True)


if __name__ == "__main__":
    main()
