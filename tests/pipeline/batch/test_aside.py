"""Workers hear no signal while they begin, and are in a group of their own from then on."""

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import os, signal, subprocess, sys
from avel.pipeline.batch.aside import HELD, dask_setup, held_back

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
if sys.argv[1:] == ["worker"]:
    for number in HELD:
        os.kill(os.getpid(), number)
    before = os.getpgrp()
    dask_setup(None)
    print(before, os.getpid(), os.getpgrp(), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
else:
    with held_back():
        worker = subprocess.run([sys.executable, __file__, "worker"])
    print(worker.returncode)
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        print("heard")
"""


def test_a_worker_begins_in_peace_and_leaves_our_group(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CODE)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    before, own, after, code, heard = done.stdout.split()
    assert int(before) == os.getpgrp()
    assert own == after != before
    assert (int(code), heard) == (-15, "heard"), done.stderr
