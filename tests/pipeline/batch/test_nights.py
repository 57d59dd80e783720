"""A run that is disturbed by kills, a full disk and ten bad files tells the truth in the morning."""

from pathlib import Path

import pytest

from benchmarks.nights import Night, mixed
from tests.bad_files import spoil
from tests.cache.items import small_disk
from tests.films import clicks, regular, write_film
from tests.pipeline.batch.disturbed import write_films
from tests.pipeline.batch.stub_extract import COMMAND


def test_bad_files_are_spread() -> None:
    films, bad = [Path(f"/{n}") for n in range(40)], [Path(f"/bad{n}") for n in range(4)]
    found = mixed(films, bad)
    assert sorted(found) == sorted([*films, *bad])
    assert [found.index(path) for path in bad] == [0, 11, 22, 33]


@pytest.mark.slow
def test_a_night_with_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_SECONDS", "0.2")
    good = write_films(tmp_path / "films", 40)
    made = {"codec": "libx264", "options": {}, "pixel_format": "yuv420p", "audio_codec": "aac"}
    whole = write_film(
        tmp_path / "whole.mp4",
        frame_times=regular(8, 4),
        samples=clicks(16_000, [7]),
        sample_rate=8_000,
        **made,  # type: ignore[arg-type]
    )
    (tmp_path / "bad").mkdir()
    bad = spoil(tmp_path / "bad", whole)
    with small_disk(tmp_path / "disk", 4096) as disk:
        words = ("--workers", "1", "--batch", "2")
        night = Night(tmp_path, disk, mixed(good, [*bad]), 2, COMMAND, words)
        night.pass_by(4)
        facts = night.facts({str(path): str(reason) for path, reason in bad.items()}, 40)
    assert night.killed >= 4
    assert [said for said, is_so in facts.items() if not is_so] == []
