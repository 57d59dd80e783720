"""No request leaves the machine, of the server or of its worker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.pipeline.server.offline import CODE
from tests.pipeline.server.process import Served

HOOKED = "from tests.pipeline.server.offline import forbid; forbid(); import socket; "


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("socket.socket().connect(('192.0.2.1', 80))", CODE),
        ("socket.getaddrinfo('far.example', 80)", CODE),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", CODE),
        ("socket.getaddrinfo('127.0.0.1', 80)", 0),
        (
            "a = socket.socket(); a.bind(('127.0.0.1', 0)); a.listen(); socket.create_connection(a.getsockname())",
            0,
        ),
    ],
)
def test_the_watch_is_one(what: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOOKED + what], cwd=REPOSITORY, capture_output=True
    )
    assert done.returncode == code, done.stderr


def test_a_server_and_its_worker_speak_to_nobody_else(tmp_path: Path) -> None:
    """Both end at once where they would: see `stub`."""
    with Served(tmp_path / "served") as served:
        video = served.add(b"film")
        served.state(video, "done")
        gnome = {"revision": 0, "events": [{"label": "Gnome", "onset": 1, "offset": 3}]}
        served.client.put(f"/api/videos/{video}/corrections", json=gnome)
        served.go()
        assert served.client.post("/api/teach").status_code == 202
        assert {job["state"] for job in served.ended()} == {"done"}
        for path in ("/", "/api/videos", "/openapi.json"):
            assert served.client.get(path).status_code == 200
        assert served.process.poll() is None
        assert max(job["attempts"] for job in served.get("/api/jobs")["jobs"]) == 1


@pytest.mark.slow
def test_a_real_worker_speaks_to_nobody_else(tmp_path: Path, real: Path, weights: Path) -> None:
    code = (
        HOOKED + "import json, sys, shutil; from pathlib import Path; "
        "from avel.pipeline.server.hands import Hands; from avel.pipeline.server.folder import Folder; "
        "from avel.pipeline.server.job_work import Film; from avel.pipeline.server.settings import Settings; "
        "root = Path(sys.argv[1]); folder = Folder(root); folder.make(); video = 'a' * 32; "
        "folder.film(video).mkdir(); path = folder.media(video, '.mp4'); shutil.copy(sys.argv[2], path); "
        "hands = Hands(Settings(root, root / 'cache', devices=('cpu',))); hands.warm('everyday'); "
        "found = hands.localize(Film(video, path, 'a.mp4', 10.0), 'everyday', lambda *said: None); "
        "print(json.dumps(found.events))"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "served"), str(real / "baby_laugh_03.mp4")]
    environment = {"AVEL_WEIGHTS_DIR": str(weights)}
    done = subprocess.run(
        words, cwd=REPOSITORY, capture_output=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == 1
