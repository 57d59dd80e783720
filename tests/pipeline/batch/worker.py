"""A process that works on numbered lots beside others, and writes down what it does."""

import os
import sys
import time
from pathlib import Path

from avel.pipeline.work.claims import Claims


def main() -> None:
    """Arguments: a folder, number of lots, seconds of the lease."""
    folder, count, lease = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    done = folder / "done"
    with Claims(folder / "claims", lease_seconds=lease) as claims:
        while left := [lot for lot in range(count) if not (done / str(lot)).exists()]:
            for lot in left:
                if not (done / str(lot)).exists() and claims.take(str(lot)):
                    work(folder, lot)
                    claims.release(str(lot))
            time.sleep(0.01)


def work(folder: Path, lot: int) -> None:
    if (folder / "done" / str(lot)).exists():  # since we looked
        return
    with (folder / "log").open("a") as log:
        log.write(f"{lot} {os.getpid()}\n")
    time.sleep(0.1)
    (folder / "done" / str(lot)).touch()


if __name__ == "__main__":
    main()
