import csv
import io

import pytest

from avel.pipeline.formats.choice import NAMES
from avel.pipeline.server.answer_videos import disposition
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import NOBODY, add, ask, reason, work_off


@pytest.fixture
def video(site: Site) -> str:
    made = add(site, "dog.mp4", b"film" + bytes(96))
    work_off(site)
    return made


def save(site: Site, video: str, revision: int, *events: tuple[str, float, float]) -> None:
    body = {
        "revision": revision,
        "events": [dict(zip(("label", "onset", "offset"), e, strict=True)) for e in events],
    }
    answer = ask(site, "PUT", f"/api/videos/{video}/corrections", json=body)
    assert answer.status_code == 200, answer.text


def test_all_of_them(site: Site, video: str) -> None:
    said = ask(site, "GET", "/api/videos").json()
    assert said["model"] == "everyday"
    assert said["sequence"] > 0
    assert said["videos"] == [ask(site, "GET", f"/api/videos/{video}").json()["video"]]


def test_deleting(site: Site, video: str) -> None:
    assert ask(site, "DELETE", f"/api/videos/{video}").status_code == 204
    assert reason(ask(site, "GET", f"/api/videos/{video}/result")) == (404, "NOT_FOUND")
    assert ask(site, "GET", "/api/videos").json()["videos"] == []


def test_localizing_again(site: Site, video: str) -> None:
    answer = ask(site, "POST", f"/api/videos/{video}/localize", json={"model": "everyday"})
    assert (answer.status_code, answer.json()["job"]["state"]) == (202, "queued")
    assert reason(ask(site, "POST", f"/api/videos/{video}/localize", json={"model": "x"})) == (
        422,
        "NO_MODEL",
    )


def test_the_result(site: Site, video: str) -> None:
    answer = ask(site, "GET", f"/api/videos/{video}/result")
    assert answer.json()["schema"] == "avel.result/2"
    assert answer.json()["file"] == "dog.mp4"
    assert "content-disposition" not in answer.headers
    assert reason(ask(site, "GET", f"/api/videos/{add(site)}/result")) == (404, "NO_RESULT")
    assert reason(ask(site, "GET", f"/api/videos/{NOBODY}/result")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_a_download(site: Site, video: str, name: str) -> None:
    answer = ask(site, "GET", f"/api/videos/{video}/result?format={name}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="dog.')
    assert answer.headers["content-type"].partition(";")[0] in {
        "application/json", "text/csv", "text/tab-separated-values", "text/vtt", "text/plain",
    }  # fmt: skip
    assert answer.content
    if name != "chapters":  # a chapter stands for what begins, and needs three
        assert b"Bark" in answer.content or b"bark" in answer.content


def test_a_format_that_is_none(site: Site, video: str) -> None:
    answer = ask(site, "GET", f"/api/videos/{video}/result?format=exe")
    assert reason(answer) == (422, "WRONG_VALUE")


def test_what_is_right_in_the_place_of_what_was_found(site: Site, video: str) -> None:
    save(site, video, 0, ("Gnome", 2.0, 4.0), ("Bark", 1.0, 3.0))
    text = ask(site, "GET", f"/api/videos/{video}/result?format=csv&corrected=1").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["label"], float(row["onset"]), float(row["score"])) for row in rows] == [
        ("Bark", 1.0, 0.9),
        ("Gnome", 2.0, 1.0),
    ]
    assert "Gnome" not in ask(site, "GET", f"/api/videos/{video}/result?format=csv").text


@pytest.mark.parametrize(
    ("name", "plain", "whole"),
    [
        ("dog.csv", "dog.csv", "dog.csv"),
        ('a"; x=".csv', "a__ x__.csv", "a%22%3B%20x%3D%22.csv"),
        ("日本.csv", "__.csv", "%E6%97%A5%E6%9C%AC.csv"),
        ("a\r\nSet-Cookie: x", "a__Set-Cookie_ x", "a%0D%0ASet-Cookie%3A%20x"),
        ("50%.csv", "50_.csv", "50%25.csv"),
    ],
)
def test_the_name_of_a_download(name: str, plain: str, whole: str) -> None:
    assert disposition(name) == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"


def test_a_name_that_is_odd_comes_through(site: Site) -> None:
    video = add(site, "日本%22%0a.mp4")
    work_off(site)
    answer = ask(site, "GET", f"/api/videos/{video}/result?format=csv")
    assert "filename*=UTF-8''%E6%97%A5%E6%9C%AC%22" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("wanted", "status", "size", "part"),
    [
        (None, 200, 100, None),
        ("bytes=0-3", 206, 4, "bytes 0-3/100"),
        ("bytes=96-", 206, 4, "bytes 96-99/100"),
        ("bytes=-4", 206, 4, "bytes 96-99/100"),
        ("bytes=50-1000", 206, 50, "bytes 50-99/100"),
        ("bytes=100-", 416, 0, "bytes */100"),
        ("bytes=abc", 400, None, None),
    ],
)
def test_ranges_of_the_film(
    site: Site, video: str, wanted: str | None, status: int, size: int | None, part: str | None
) -> None:
    headers = {"range": wanted} if wanted else {}
    answer = ask(site, "GET", f"/api/videos/{video}/media", headers=headers)
    assert answer.status_code == status
    assert answer.headers.get("content-range") == part
    if size is not None:
        assert len(answer.content) == size
    if status < 300:
        assert answer.headers["content-type"] == "video/mp4"
        assert answer.headers["accept-ranges"] == "bytes"


def test_a_film_that_is_deleted_meanwhile(site: Site, video: str) -> None:
    site.folder.delete_film(video)
    assert reason(ask(site, "GET", f"/api/videos/{video}/media")) == (404, "NOT_FOUND")


def test_a_films_type_never_comes_from_its_name(site: Site) -> None:
    video = add(site, "page.html", b"film<script>alert(1)</script>")
    answer = ask(site, "GET", f"/api/videos/{video}/media")
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_copy_for_browsers(site: Site, video: str) -> None:
    path = f"/api/videos/{video}/media?proxy=1"
    assert reason(ask(site, "GET", path)) == (404, "NO_PROXY")
    site.folder.proxy(video).write_bytes(b"copy")
    with site.database.writing() as write:
        write.execute("UPDATE videos SET proxy = 1")
    assert ask(site, "GET", path).content == b"copy"


def test_corrections(site: Site, video: str) -> None:
    path = f"/api/videos/{video}/corrections"
    said = ask(site, "GET", path).json()
    assert (said["revision"], said["corrected"]) == (0, False)
    save(site, video, 0, ("Gnome", 2.0, 4.0))
    said = ask(site, "GET", path).json()
    assert (said["revision"], said["events"][0]["label"]) == (1, "Gnome")
    stale = ask(site, "PUT", path, json={"revision": 0, "events": []})
    assert reason(stale) == (412, "STALE")
    assert ask(site, "DELETE", path).status_code == 204
    assert ask(site, "GET", path).json()["corrected"] is False


@pytest.mark.parametrize("name", ["activitynet", "fiftyone", "edl"])
def test_formats_that_count_in_frames_ask_a_process_apart(
    site: Site, video: str, name: str
) -> None:
    """Of what is no film nothing is known, and 25 frames a second are taken."""
    assert ask(site, "GET", f"/api/videos/{video}/result?format={name}").status_code == 200
