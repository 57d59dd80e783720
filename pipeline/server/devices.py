"""Devices that workers are given: looked at before a server listens.

Each is tried in a process of its own, for a server never loads torch.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.spawn import get_executable

from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.work.say import put

CODE = (
    "import sys; sys.path[:] = sys.argv[2:]; from avel.pipeline.server import devices; "
    "devices.tell(sys.argv[1])"
)
REFUSED = 4
"""Exit code of the process that found one that is not there."""
FIRST = {"cuda": "cuda:0"}
"""What a name without a number is."""


def check(devices: Sequence[str]) -> None:
    """Whether each worker has a device of its own, and each that is named is there.

    Raises:
        InputError: two workers would be on one.
        EnvironmentProblem: one is not there.
    """
    named = [FIRST.get(device, device) for device in devices]
    if len(devices) > 1 and ("auto" in devices or len({*named}) < len(named)):
        raise InputError(
            f"--device {' '.join(devices)}: each worker needs a device of its own; name each GPU "
            "once, such as cuda:0 cuda:1, or give auto alone"
        )
    asked = [device for device in devices if device not in ("auto", "cpu")]
    if asked:
        _try(asked)


def _try(devices: Sequence[str]) -> None:
    words = [get_executable(), "-c", CODE, json.dumps(devices), *sys.path]
    child = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if not child.returncode:
        return
    said = child.stdout.decode("utf-8", "replace").strip()
    raise EnvironmentProblem(
        said
        if child.returncode == REFUSED and said
        else f"--device {' '.join(devices)}: cannot be tried, the process that did so died (exit "
        f"code {child.returncode}); use --device cpu, or see `avel doctor`"
    )


def tell(devices: str) -> None:
    """Try devices, a list as JSON; what is wrong is printed, and the exit code is 4 then."""
    from avel.pipeline.work.runtime import resolve_device

    for device in json.loads(devices):
        try:
            resolve_device(device)
        except EnvironmentProblem as err:
            put(f"{err}\n")
            raise SystemExit(REFUSED) from None
