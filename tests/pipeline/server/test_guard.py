"""Who may ask: names of this machine, pages of other sites, tokens; and what browsers are told."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from avel.pipeline.server import guard as module
from avel.pipeline.server.app import application
from avel.pipeline.server.guard import HEADERS, POLICY, Access
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import LOCAL, ask, asks, make_site, reason

TOKEN = "correct-horse-battery"
OPEN = Access(TOKEN, frozenset({"films.example"}), any_address=True)
HERE = {"origin": LOCAL}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8340", "localhost", "LOCALHOST:1", "[::1]:8340"]
)
def test_names_of_this_machine(site: Site, host: str) -> None:
    assert ask(site, "GET", "/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8340", "",
     "192.168.1.7", "[", "127.0.0.1@evil.example", "a b"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/api/videos", "/static/x.js", "/no"])
def test_a_name_that_was_bound_to_this_machine_by_others(site: Site, host: str, path: str) -> None:
    answer = ask(site, "GET", path, headers={"host": host})
    assert reason(answer) == (403, "HOST")
    assert "ask it under its own name" in answer.json()["error"]["message"]


def test_beyond_this_machine_its_numbers_are_names_too(site: Site) -> None:
    token = {"authorization": f"Bearer {TOKEN}"}
    for host, status in (
        ("films.example", 200),
        ("192.168.1.7:8340", 200),
        ("[fd00::1]", 200),
        ("other.example", 403),
    ):
        answer = ask(site, "GET", "/api/health", access=OPEN, headers={**token, "host": host})
        assert answer.status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1"},
        {"origin": "http://127.0.0.1:9"},
        {"origin": "http://["},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/teach"),
        ("DELETE", "/api/videos/" + "0" * 32),
        ("PATCH", "/api/uploads/" + "0" * 32),
        ("PUT", "/api/models/current"),
    ],
)
def test_a_page_of_another_site_changes_nothing(
    site: Site, headers: dict[str, str], method: str, path: str
) -> None:
    answer = ask(site, method, path, headers=headers)
    assert reason(answer) == (403, "ORIGIN")
    assert "may not change anything here" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "headers", [{}, HERE, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
def test_the_own_page_and_programs_may(site: Site, headers: dict[str, str]) -> None:
    assert reason(ask(site, "POST", "/api/teach", headers=headers))[1] == "NOTHING_TO_TEACH"


def test_a_page_of_another_site_may_not_read_what_is_here(site: Site) -> None:
    answer = ask(site, "GET", "/api/videos", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_without_a_token(site: Site) -> None:
    answer = ask(site, "GET", "/api/videos", access=OPEN, headers={"host": "films.example"})
    assert reason(answer) == (401, "TOKEN")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer é",
    ],
)
def test_wrong_tokens(site: Site, given: str) -> None:
    headers = {"host": "films.example", "authorization": given.encode("latin-1")}
    assert ask(site, "GET", "/api/videos", access=OPEN, headers=headers).status_code == 401


def test_a_token_in_the_address_is_none(site: Site) -> None:
    for path in (f"/api/videos?token={TOKEN}", f"/?token={TOKEN}"):
        assert (
            ask(site, "GET", path, access=OPEN, headers={"host": "films.example"}).status_code
            == 401
        )


def test_tokens_are_compared_in_constant_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(module.hmac, "compare_digest", compare)
    headers = {"host": "films.example", "authorization": "Bearer guess"}
    ask(site, "GET", "/api/videos", access=OPEN, headers=headers)
    assert (b"guess", TOKEN.encode()) in compared


def visit(site: Site, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    headers = {"host": "films.example", "origin": "http://films.example", "accept": "text/html"}
    given = [(method, path, {"headers": headers, **rest}) for method, path, rest in requests]
    return asks(site, given, access=OPEN)


def test_a_person_gives_the_token_once(site: Site) -> None:
    form, refused, taken = visit(
        site,
        ("GET", "/", {}),
        ("POST", "/login", {"data": {"token": "wrong"}}),
        ("POST", "/login", {"data": {"token": f" {TOKEN} "}}),
    )
    assert form.status_code == 401
    assert '<form method="post" action="/login">' in form.text
    assert (refused.status_code, "That is not the token." in refused.text) == (401, True)
    assert (taken.status_code, taken.headers["location"]) == (303, "/")
    cookie = taken.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {each.strip() for each in cookie.split(";")}
    assert TOKEN not in cookie
    value = cookie.split(";")[0]
    home = ask(site, "GET", "/", access=OPEN, headers={"host": "films.example", "cookie": value})
    assert home.status_code == 200
    wrong = {"host": "films.example", "cookie": value[:-1]}
    assert ask(site, "GET", "/", access=OPEN, headers=wrong).status_code == 401


def test_the_token_is_not_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visit(site, ("POST", "/login", {"data": {"token": "my-wrong-guess"}}))
    assert "a wrong token was given" in caplog.text
    assert "my-wrong-guess" not in caplog.text


def test_another_site_cannot_log_a_person_in(site: Site) -> None:
    answer = ask(
        site, "POST", "/login", access=OPEN,
        headers={"host": "films.example", "origin": "http://evil.example"}, data={"token": TOKEN},
    )  # fmt: skip
    assert reason(answer) == (403, "ORIGIN")


def test_a_form_that_is_long(site: Site) -> None:
    answer = visit(site, ("POST", "/login", {"content": b"token=" + b"x" * 5_000}))[0]
    assert reason(answer) == (413, "TOO_LARGE")


def test_without_a_token_there_is_no_login(site: Site) -> None:
    assert ask(site, "POST", "/login", data={"token": "x"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/api/videos", "/no", "/api/videos/" + "0" * 32, "/static/no"]
)
def test_what_every_answer_says_to_browsers(site: Site, path: str) -> None:
    headers = ask(site, "GET", path).headers
    for name, value in HEADERS.items():
        assert headers[name] == value
    assert "server" not in headers


def test_the_policy_lets_nothing_else_run() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert not any("unsafe" in rule or "http" in rule or "*" in rule for rule in rules.values())


def test_too_many_requests(tmp_path: Any) -> None:
    site = make_site(tmp_path, requests=3)
    answers = asks(site, [("GET", "/api/health", {})] * 5)
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "more than 3 requests a minute" in answers[-1].json()["error"]["message"]


def test_a_websocket_is_closed(site: Site) -> None:
    sent: list[Any] = []

    async def run() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await application(site, Access())({"type": "websocket", "path": "/"}, receive, send)

    asyncio.run(run())
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_a_broken_cookie_is_none(site: Site) -> None:
    headers = {"host": "films.example", "cookie": 'avel="; a=[]; \x01=x'}
    assert ask(site, "GET", "/api/videos", access=OPEN, headers=headers).status_code == 401
