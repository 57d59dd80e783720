"""A server on this machine that gives one file, whole, in part, or broken off."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from avel.extractors.weights.registry import Published

CONTENT = bytes(range(256)) * 20_000


class FileServer(ThreadingHTTPServer):
    """Gives `CONTENT`; what it was asked, and how it is to answer next.

    Attributes:
        ranges: The Range header of each request.
        ends_at: Bytes after which the next answer breaks off; None for never.
        gives_parts: Whether it knows about ranges.
        redirects: Whether it sends who asks for `/w.pt` elsewhere first, as GitHub's releases do.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.ranges: list[str | None] = []
        self.ends_at: int | None = None
        self.gives_parts = True
        self.redirects = False

    def entry(self, content: bytes = CONTENT) -> Published:
        """The registry's entry of a file that this server is said to have."""
        url = f"http://127.0.0.1:{self.server_port}/w.pt"
        sha256 = hashlib.sha256(content).hexdigest()
        return Published("w.pt", url, len(content), sha256, "some weights", "MIT")


class _Answer(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        if self.server.redirects and self.path == "/w.pt":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.split("=")[1].rstrip("-")) if asked and self.server.gives_parts else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        rest = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        ends_at, self.server.ends_at = self.server.ends_at, None
        self.wfile.write(rest if ends_at is None else rest[:ends_at])

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def serving() -> Iterator[FileServer]:
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
