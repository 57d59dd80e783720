"""Where a server listens, and what its process does not load; that it serves is seen in `test_kills`."""

import socket
import subprocess
import sys

import pytest

from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.server.run import listen


def test_a_free_port() -> None:
    with listen("127.0.0.1", 0) as listening:
        host, port = listening.getsockname()
        assert host == "127.0.0.1"
        assert port > 0


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            EnvironmentProblem,
            match=rf"--port {port}: cannot listen there \(Address already in use\); give another --port",
        ):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_port_that_is_none(port: int) -> None:
    with pytest.raises(
        InputError, match=rf"--port \({port}\) must be in \[1, 65535\], or 0 for one that is free"
    ):
        listen("127.0.0.1", port)


def test_an_address_of_another_machine() -> None:
    with pytest.raises(
        EnvironmentProblem, match=r"--host 192\.0\.2\.1 --port 0: cannot listen there"
    ):
        listen("192.0.2.1", 0)


def test_a_server_loads_no_torch_and_no_codec() -> None:
    code = "import avel.pipeline.server.run, sys; print([n for n in ('torch', 'av', 'lightning') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
