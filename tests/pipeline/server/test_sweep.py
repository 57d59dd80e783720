from pathlib import Path

import pytest

from avel.pipeline.server.site import Site
from avel.pipeline.server.sweep import DAY, sweep
from tests.pipeline.server.material import NOBODY, Clock, add, ask, make_site, work_off


def test_what_belongs_to_nothing_goes(site: Site) -> None:
    video = add(site)
    upload = site.uploads.begin("a.mp4", 4)
    root = site.folder.root
    site.folder.film(NOBODY).mkdir()
    site.folder.media(NOBODY, ".mp4").write_bytes(b"x")
    (root / "videos" / "strange").mkdir()
    (root / "uploads" / "gone-1").mkdir()
    (root / "uploads" / "gone-1" / "x").touch()
    (root / "uploads" / ("e" * 32)).touch()
    (site.folder.film(video) / ".torn.1.json").touch()
    sweep(site.database, site.folder)
    assert [path.name for path in (root / "videos").iterdir()] == [video]
    assert [path.name for path in (root / "uploads").iterdir()] == [upload]
    assert [path.name for path in site.folder.film(video).iterdir()] == ["media.mp4"]


def test_an_upload_whose_file_is_lost_begins_anew(site: Site) -> None:
    upload = site.uploads.begin("a.mp4", 4)
    site.folder.part(upload).unlink()
    sweep(site.database, site.folder)
    answer = ask(
        site, "PATCH", f"/api/uploads/{upload}", headers={"Upload-Offset": "0"}, content=b"film"
    )
    assert answer.status_code == 201


def test_old_films_go_and_corrected_ones_stay(tmp_path: Path) -> None:
    clock = Clock()
    site = make_site(tmp_path, clock=clock)
    corrected, old = add(site, "a.mp4"), add(site, "b.mp4")
    work_off(site)
    site.corrections.put(corrected, 0, [])
    with site.database.writing() as write:  # the worker has its own clock
        write.execute("UPDATE jobs SET ended = ?", (clock.now,))
    clock.now += 31 * DAY
    waiting = add(site, "c.mp4")
    site.expire()
    assert {video["id"] for video in site.videos.listed()} == {corrected, waiting}
    assert not site.folder.film(old).exists()
    assert {job["video"] for job in site.jobs.listed()} == {corrected, waiting}


def test_a_film_that_somebody_deletes_meanwhile_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    site = make_site(tmp_path, clock=clock)
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        add(site, name)
    work_off(site)
    with site.database.writing() as write:
        write.execute("UPDATE jobs SET ended = ?", (clock.now,))
    clock.now += 31 * DAY
    real = site.videos.delete

    def delete(video: str) -> None:
        real(video)
        real(video)  # a person's, that came later

    monkeypatch.setattr(site.videos, "delete", delete)
    site.expire()
    assert site.videos.listed() == []


def test_a_film_that_was_run_again_is_new(tmp_path: Path) -> None:
    clock = Clock()
    site = make_site(tmp_path, clock=clock)
    video = add(site)
    work_off(site)
    clock.now += 31 * DAY
    site.localize(video, None)
    site.expire()
    assert site.videos.get(video)["state"] == "queued"


def test_teachings_that_ended_go_too(tmp_path: Path) -> None:
    clock = Clock()
    site = make_site(tmp_path, clock=clock)
    with site.database.writing() as write:
        job = site.jobs.add(write, "teach", "", "taught-1")
    site.jobs.cancel(job)
    clock.now += 31 * DAY
    site.expire()
    assert site.jobs.listed() == []
