from avel.pipeline.server.site import Site
from tests.pipeline.server.material import ask, reason


def begin(site: Site, name: str = "dog.mp4", size: int = 8) -> str:
    answer = ask(site, "POST", "/api/uploads", json={"name": name, "bytes": size})
    assert answer.status_code == 201, answer.text
    upload: str = answer.json()["upload"]["id"]
    return upload


def test_a_film_in_pieces(site: Site) -> None:
    upload = begin(site)
    path = f"/api/uploads/{upload}"
    first = ask(site, "PATCH", path, headers={"upload-offset": "0"}, content=b"film")
    assert (first.status_code, first.json()["upload"]["received"]) == (200, 4)
    assert ask(site, "GET", path).json() == first.json()
    last = ask(site, "PATCH", path, headers={"upload-offset": "4"}, content=b"1234")
    assert last.status_code == 201
    assert last.json()["video"]["state"] == last.json()["job"]["state"] == "queued"
    again = ask(site, "PATCH", path, headers={"upload-offset": "8"})
    assert (again.status_code, again.json()) == (201, last.json())


def test_a_wrong_offset(site: Site) -> None:
    path = f"/api/uploads/{begin(site)}"
    answer = ask(site, "PATCH", path, headers={"upload-offset": "3"}, content=b"film")
    assert reason(answer) == (409, "OFFSET")
    for wrong in ("x", "-1", ""):
        answer = ask(site, "PATCH", path, headers={"upload-offset": wrong}, content=b"film")
        assert reason(answer) == (422, "WRONG_VALUE")


def test_deleting(site: Site) -> None:
    path = f"/api/uploads/{begin(site)}"
    answer = ask(site, "DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert reason(ask(site, "GET", path)) == (404, "NOT_FOUND")


def test_ten_gigabytes(site: Site) -> None:
    answer = ask(site, "POST", "/api/uploads", json={"name": "a", "bytes": 10**10})
    assert reason(answer) == (413, "TOO_LARGE")
    answer = ask(site, "POST", "/api/videos", headers={"content-length": str(10**10)}, content=b"x")
    assert reason(answer) == (413, "TOO_LARGE")


def test_in_one_step(site: Site) -> None:
    answer = ask(site, "POST", "/api/videos?name=..%2F..%2Fdog.mp4", content=b"film")
    assert answer.status_code == 201
    assert answer.json()["video"]["name"] == "dog.mp4"
    assert set(answer.json()) == {"video", "job"}
    assert ask(site, "POST", "/api/videos", content=b"film").json()["video"]["name"] == "film"


def test_what_is_no_film(site: Site) -> None:
    assert reason(ask(site, "POST", "/api/videos", content=b"bad")) == (422, "DECODE_ERROR")
    assert reason(ask(site, "POST", "/api/videos")) == (422, "EMPTY")


def test_a_name_in_a_body_that_is_no_json(site: Site) -> None:
    answer = ask(site, "POST", "/api/uploads", content=b"name=a")
    assert reason(answer) == (415, "NOT_JSON")
