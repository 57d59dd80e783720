"""Runs over films of which some are bad: each has its reason, and costs the others nothing."""

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from avel.cache.maintenance import stores
from avel.pipeline.cli import main
from avel.pipeline.commands import extract
from avel.pipeline.media import child, decoder
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.method import limits
from avel.pipeline.work.failures import failures_of
from tests.bad_files import spoil
from tests.films import clicks, regular, write_film
from tests.forked import EATEN_BYTES, FAULTS, fork_here
from tests.pipeline.media.test_decoder import Clock
from tests.pipeline.method.stubs import StubEncoder, stub_plan

SECOND = {"frame_times": regular(4, 4), "sample_rate": 8_000}


def films(folder: Path, count: int) -> list[Path]:
    """Of a second each, with its own click."""
    folder.mkdir(exist_ok=True)
    return [
        write_film(folder / f"{n:02d}.mkv", samples=clicks(8_000, [n + 1]), **SECOND)  # type: ignore[arg-type]
        for n in range(count)
    ]


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> StubEncoder:
    found = StubEncoder()
    monkeypatch.setattr(extract, "planned", lambda args: stub_plan(found))
    return found


class Batch:
    """A list of films, its cache, and the reports of its runs."""

    def __init__(self, folder: Path, paths: list[Path]) -> None:
        self.folder, self.runs = folder, 0
        self.listing = folder / "films.txt"
        self.listing.write_text("".join(f"{path}\n" for path in paths))

    def run(self, *words: str) -> tuple[int, dict[str, str]]:
        """The exit code, and what became of each film, by its name."""
        self.runs += 1
        report = self.folder / f"night-{self.runs}"
        given = [self.listing, "--cache-dir", self.folder / "cache", "--report", report]
        code = main(["extract", *map(str, given), "--workers", "1", "--device", "cpu", *words])
        said = [json.loads(line) for line in (report / "videos.jsonl").read_text().splitlines()]
        self.messages = {Path(line["path"]).name: line["message"] for line in said}
        return code, {Path(line["path"]).name: line["reason"] or line["outcome"] for line in said}

    @property
    def remembered(self) -> set[str]:
        """Names of films that failed."""
        [store] = [s for s in stores(self.folder / "cache") if s.stage == "features"]
        return {f.path.name for f in failures_of(self.folder / "cache", store.fingerprint)}


@pytest.mark.usefixtures("encoder")
def test_a_tenth_of_ten_kinds_is_named_and_tried_again_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = films(tmp_path / "films", 90)
    made = {"codec": "libx264", "options": {}, "pixel_format": "yuv420p", "audio_codec": "aac"}
    whole = write_film(tmp_path / "whole.mp4", samples=clicks(8_000, [7]), **{**SECOND, **made})  # type: ignore[arg-type]
    bad = spoil(tmp_path / "films", whole)
    batch = Batch(tmp_path, sorted([*good, *bad]))
    reasons = {path.name: str(reason) for path, reason in bad.items()}
    assert len(reasons) == 10

    code, first = batch.run()
    assert code == 3
    assert first == {**{path.name: "extracted" for path in good}, **reasons}
    said = capsys.readouterr().err.splitlines()
    for path, reason in bad.items():
        assert sum(line.startswith(f"{reason}: {path}: ") for line in said) == 1
    report = json.loads((tmp_path / "night-1" / "report.json").read_text())
    counts = {reason: told["count"] for reason, told in report["reasons"].items()}
    assert counts == Counter(reasons.values())
    assert (report["extracted"], report["failed"]) == (90, 10)

    assert batch.run("--retry-failed") == (3, reasons), "only these"
    some = {name: r for name, r in reasons.items() if r in ("EMPTY", "ENCRYPTED")}
    assert batch.run("--retry-failed", "EMPTY", "ENCRYPTED") == (3, some)
    (tmp_path / "films" / "cut.mp4").write_bytes(whole.read_bytes())
    code, again = batch.run("--retry-failed")
    assert again == {**reasons, "cut.mp4": "extracted"}
    assert batch.remembered == {*reasons} - {"cut.mp4"}


Misbehave = Callable[[str, Path], Path]


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Misbehave:
    """Let decoders of one film do something; a file gets a byte each time."""

    def arrange(what: str, film: Path) -> Path:
        real, tries = child.windows, tmp_path / "tries"

        def windows(job: object, reading: object) -> object:
            if job.path == film:  # type: ignore[attr-defined]
                with tries.open("ab", buffering=0) as file:
                    file.write(b"x")
                FAULTS[what]()
            yield from real(job, reading)  # type: ignore[arg-type]

        monkeypatch.setattr(child, "windows", windows)
        fork_here(monkeypatch)
        tries.touch()
        return tries

    return arrange


@pytest.mark.usefixtures("encoder")
def test_who_kills_its_decoder_is_tried_once_more_and_then_left(
    tmp_path: Path, misbehaving: Misbehave, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = Batch(tmp_path, paths := films(tmp_path / "films", 4))
    tries = misbehaving("crash", paths[1])
    expected = {path.name: "extracted" for path in paths} | {"01.mkv": "WORKER_CRASH"}
    assert batch.run() == (3, expected)
    assert "the decoder died twice (SIGSEGV)" in batch.messages["01.mkv"]
    assert tries.stat().st_size == 2
    assert batch.remembered == {"01.mkv"}

    cached = {path.name: "cached" for path in paths} | {"01.mkv": "WORKER_CRASH"}
    assert batch.run() == (3, cached), "told as before"
    assert tries.stat().st_size == 2, "and not tried"
    assert batch.run("--skip-failed", "OOM") == (3, cached)
    assert tries.stat().st_size == 4, "what is left out is what is said"
    assert batch.run("--retry-failed", "WORKER_CRASH") == (3, {"01.mkv": "WORKER_CRASH"})
    assert tries.stat().st_size == 6, "asked for, so tried again"
    assert main(["extract", str(paths[0]), "--cache-dir", str(tmp_path / "cache"),
                 "--retry-failed", "CRASH"]) == 2  # fmt: skip
    said = capsys.readouterr().err
    assert "avel: --retry-failed CRASH: no such reason; there are DECODE_ERROR, " in said


@pytest.mark.usefixtures("encoder")
def test_a_decoder_that_hangs_is_killed_and_its_film_left(
    tmp_path: Path, misbehaving: Misbehave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes pass at every look."""
    batch = Batch(tmp_path, paths := films(tmp_path / "films", 1))
    tries = misbehaving("hang", paths[0])
    monkeypatch.setattr(decoder, "time", Clock())
    monkeypatch.setattr(decoder, "LOOK_SECONDS", 0.001)
    assert batch.run() == (3, {"00.mkv": "TIMEOUT"})
    assert "was stuck for 61 s and was killed" in batch.messages["00.mkv"]
    assert batch.run() == (3, {"00.mkv": "TIMEOUT"})
    assert tries.stat().st_size == 1


@pytest.mark.usefixtures("encoder")
def test_a_decoder_that_eats_memory_is_killed_and_its_film_left(
    tmp_path: Path, misbehaving: Misbehave, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Batch(tmp_path, paths := films(tmp_path / "films", 3))
    tries = misbehaving("eat", paths[0])
    few = partial(DecodeLimits, memory_bytes=EATEN_BYTES // 4)
    monkeypatch.setattr(limits, "DecodeLimits", few)
    expected = {"00.mkv": "OOM", "01.mkv": "extracted", "02.mkv": "extracted"}
    assert batch.run() == (3, expected)
    assert batch.run()[1]["00.mkv"] == "OOM"
    assert tries.stat().st_size == 1


def test_an_encoder_without_memory_takes_smaller_batches(
    tmp_path: Path, encoder: StubEncoder
) -> None:
    """And where one picture is too much, its film fails alone and is left from then on."""

    def fault(frames: torch.Tensor) -> None:
        if len(frames) > 2:
            raise torch.cuda.OutOfMemoryError

    encoder.fault = fault
    batch = Batch(tmp_path, films(tmp_path / "films", 6))
    code, first = batch.run("--batch", "8")
    assert code == 0
    assert Counter(first.values()) == {"extracted": 6}
    assert max(encoder.batches[-3:]) <= 2

    def never(frames: torch.Tensor) -> None:
        raise torch.cuda.OutOfMemoryError

    encoder.fault = never
    (tmp_path / "other").mkdir()
    batch = Batch(tmp_path / "other", films(tmp_path / "films", 7)[6:])
    assert batch.run() == (3, {"06.mkv": "OOM"})
    encoder.batches.clear()
    assert batch.run() == (3, {"06.mkv": "OOM"})
    assert encoder.batches == []


@pytest.mark.usefixtures("encoder")
def test_too_many_failures_are_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "films"
    good = films(folder, 12)
    for number in range(6):
        (folder / f"bad{number}.mkv").write_text(f"text {number}")
    mixed = [
        path for pair in zip(good, sorted(folder.glob("bad*")) * 2, strict=True) for path in pair
    ]
    batch = Batch(tmp_path, mixed)
    code, found = batch.run("--give-up-after", "3", "--lot", "4")
    assert code == 2
    assert Counter(found.values())["DECODE_ERROR"] == 3
    assert "3 videos failed, which --give-up-after 3 makes the end" in capsys.readouterr().err
    assert len(batch.remembered) == 3
