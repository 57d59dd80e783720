"""A server from its start to its end."""

import logging
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.server.app import application
from avel.pipeline.server.guard import Access
from avel.pipeline.server.keeper import Keepers
from avel.pipeline.server.settings import Settings
from avel.pipeline.server.site import Site

CONNECTIONS = 512
"""At once; more are refused."""
MOST_PORT = 65_535
GENTLE_SECONDS = 3
"""For answers that are on their way when the server ends."""


class Server(uvicorn.Server):
    """uvicorn's, which says that it answers, and ends the streams that would never end."""

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], object],
        end_streams: Callable[[], object],
    ) -> None:
        super().__init__(config)
        self._tell, self._end_streams = started, end_streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._end_streams()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """A socket on which to listen; port 0 is one that is free, of [1, 65535].

    Raises:
        InputError: there is no such port.
        EnvironmentProblem: another program has it, or it is no address of this machine.
    """
    if not 0 <= port <= MOST_PORT:  # the system would take another: what is left of 16 bits
        raise InputError(f"--port ({port}) must be in [1, {MOST_PORT}], or 0 for one that is free")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as err:
        raise EnvironmentProblem(
            f"--host {host} --port {port}: cannot listen there ({err.strerror or err}); give "
            "another --port"
        ) from err
    return listening


def serve(
    settings: Settings, access: Access, listening: socket.socket, started: Callable[[], object]
) -> None:
    """Serve until a signal comes; answers on their way have 3 seconds then.

    Args:
        settings: What the server is told.
        access: Who may ask.
        listening: Where.
        started: Called once it answers.

    Raises:
        InputError: the folder is a file.
        EnvironmentProblem: the folder cannot be written, or another serves it.
    """
    site = Site(settings)
    with site.folder.alone():
        site.begin()
        keepers = Keepers(site)
        site.workers = keepers.workers
        config = uvicorn.Config(
            application(site, access, keepers.life),
            log_level=logging.ERROR,
            access_log=False,
            server_header=False,
            date_header=True,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=GENTLE_SECONDS,
            ws="none",
            lifespan="on",
            proxy_headers=False,
        )
        try:
            Server(config, started, site.bell.end).run(sockets=[listening])
        finally:
            site.close()
