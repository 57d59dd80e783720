"""The process that works: one a device, started by the server and gone with it.

It reads from its line when there may be something to do, and writes to it when something changed;
what is to be done, and what became of it, stands in the table. It outlives no server: the kernel
ends it with its parent, and the end of its line does.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import sys
from typing import BinaryIO

from avel.pipeline.media.confine import die_with
from avel.pipeline.reasons import InputError
from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import Folder
from avel.pipeline.server.job_work import Hands, Work
from avel.pipeline.server.settings import Settings

CODE = (
    "import sys; sys.path[:] = sys.argv[4:]; from avel.pipeline.server import worker; "
    "worker.run(sys.argv[1], sys.argv[2], int(sys.argv[3]))"
)
READY, CHANGED, LAST = b"r", b"c", b"!"
"""Its words: of a change, and that what follows is why it ends."""
MOST_LAST = 500
"""Letters of its last word."""
LOOK_SECONDS = 1.0
"""Between two looks at the table where nobody says anything."""


def run(settings: str, owner: str, parent: int) -> None:
    """Work until the line ends, looking for jobs at least once a second."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's; the parent decides who ends
    line = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # libraries print there
    try:
        work_on(Settings.of_json(json.loads(settings)), owner, line)
    except Exception as err:
        with contextlib.suppress(OSError):  # the server is gone
            line.write(LAST + f"{type(err).__name__}: {err}"[:MOST_LAST].encode())
        raise


def work_on(settings: Settings, owner: str, line: BinaryIO) -> None:
    """Do jobs as they come, looking for them at least once a second, until stdin ends."""
    hands = hands_of(settings)

    def changed() -> None:
        line.write(CHANGED)

    work = Work(Database(settings.folder), Folder(settings.folder), hands, owner, changed)
    work.warm()
    line.write(READY)
    while True:
        while work.next():
            if _hung_up(0.0):
                return
        if _hung_up(LOOK_SECONDS):
            return


def hands_of(settings: Settings) -> Hands:
    """The hands that the settings name.

    Raises:
        InputError: there are none.
    """
    module, _, name = settings.hands.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)(settings)
    except (ImportError, AttributeError) as err:
        raise InputError(f"hands '{settings.hands}' must be module:name ({err})") from err
    hands: Hands = made
    return hands


def _hung_up(seconds: float) -> bool:
    """Whether the server is gone; waits so many seconds for a word of it."""
    if not select.select([sys.stdin], [], [], seconds)[0]:
        return False
    return not os.read(sys.stdin.fileno(), 4_096)
