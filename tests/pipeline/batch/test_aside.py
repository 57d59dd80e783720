"""A worker that is set up is in a group of its own."""

import os
import subprocess
import sys

from avel.pipeline.batch.cluster import ASIDE

CODE = f"""
import os
from {ASIDE} import dask_setup
print(os.getpgrp())
dask_setup(None)
print(os.getpid(), os.getpgrp())
"""


def test_it_leaves_our_group() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    before, own, after = map(int, done.stdout.split())
    assert before == os.getpgrp()
    assert own == after != before
