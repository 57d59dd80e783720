"""Batches go to a device and back; on a GPU by streams, of which a fake one keeps the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avel.pipeline.method.encode import CellBatches
from avel.pipeline.method.extract import Features
from avel.pipeline.method.queue import Piece, Queue
from avel.pipeline.method.transfer import Across, Here, transfer
from tests.pipeline.method.stubs import StubEncoder, cells

CPU = torch.device("cpu")


def doubled(given: Tensor) -> dict[str, Tensor]:
    return {"double": given.float() * 2, "half": (given / 2).half()}


class Stream:
    def __init__(self, cuda: "Cuda", name: str) -> None:
        self.cuda, self.name = cuda, name

    def wait_stream(self, other: "Stream") -> None:
        self.cuda.log.append(f"{self.name} waits for {other.name}")


class Event:
    def __init__(self, cuda: "Cuda") -> None:
        self.cuda, self.name = cuda, ""

    def record(self, stream: Stream) -> None:
        self.name = stream.name
        self.cuda.log.append(f"mark on {self.name}")

    def synchronize(self) -> None:
        self.cuda.log.append(f"host waits for {self.name}")


class Cuda:
    """As much of `torch.cuda` as is used; everything is done at once and written down."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.freed = 0
        self._names = iter(("there", "back"))
        self.computing = Stream(self, "computing")
        self.current = self.computing

    def Stream(self, device: torch.device) -> Stream:
        return Stream(self, next(self._names))

    def Event(self) -> Event:
        return Event(self)

    def current_stream(self, device: torch.device) -> Stream:
        return self.computing

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        self.current = stream
        yield
        self.current = self.computing

    def is_available(self) -> bool:
        return False  # nothing is pinned here

    def empty_cache(self) -> None:
        self.freed += 1


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    fake = Cuda()
    copy, to = Tensor.copy_, Tensor.to

    def copied(self: Tensor, other: Tensor, non_blocking: bool = False) -> Tensor:
        if non_blocking:
            fake.log.append(f"copy on {fake.current.name}")
        return copy(self, other)

    def sent(self: Tensor, *args: Any, non_blocking: bool = False) -> Tensor:
        if non_blocking:
            fake.log.append(f"send {self.dtype} on {fake.current.name}")
            return self.clone()
        return to(self, *args)

    def recorded(self: Tensor, stream: Stream) -> None:
        fake.log.append(f"kept for {stream.name}")

    monkeypatch.setattr(Tensor, "copy_", copied)
    monkeypatch.setattr(Tensor, "to", sent)
    monkeypatch.setattr(Tensor, "record_stream", recorded)
    return fake


@pytest.mark.parametrize("kind", [np.uint8, np.int16])
def test_a_batch_goes_there_as_it_is_and_nothing_waits(cuda: Cuda, kind: type) -> None:
    """Each stream waits for what it needs, and the host for nothing until it asks."""

    def embed(given: Tensor) -> dict[str, Tensor]:
        cuda.log.append(f"embed on {cuda.current.name}")
        return {"same": given + 1}

    there = Across(embed, CPU, cuda)
    room = there.room((2, 3), np.dtype(kind))
    assert (room.dtype, room.tolist()) == (kind, [[0] * 3] * 2)
    room[0] = 5
    arrays = there.start(room)
    name = str(torch.from_numpy(room).dtype)
    assert cuda.log == [
        f"send {name} on there",
        "computing waits for there",
        "kept for computing",
        "embed on computing",
        "back waits for computing",
        "copy on back",
        "kept for back",
        "mark on back",
    ]
    found = arrays()
    assert cuda.log[-1] == "host waits for back"
    assert found["same"].tolist() == [[6] * 3, [1] * 3]


def test_the_next_batch_is_begun_before_the_one_before_is_asked_for(cuda: Cuda) -> None:
    def embed(given: Tensor) -> dict[str, Tensor]:
        cuda.log.append(f"embed {int(given[0, 0])}")
        return {"double": given * 2}

    queue = Queue(Across(embed, CPU, cuda), 2)
    found = []
    for number in range(1, 6):
        queue.put([Piece((number, 0), 0, np.full(3, number, np.int16))])
        while queue.is_full:
            found += list(queue.encode())
    while not queue.is_empty:
        found += list(queue.encode())
    assert [(p.window[0], a["double"][0]) for p, a in found if isinstance(a, dict)] == [
        (n, 2 * n) for n in range(1, 6)
    ]
    order = [line for line in cuda.log if line.startswith(("embed", "host"))]
    waits = "host waits for back"
    assert order == ["embed 1", "embed 3", waits, "embed 5", waits, waits]


def test_memory_that_runs_out_frees_what_was_kept(cuda: Cuda) -> None:
    def embed(given: Tensor) -> dict[str, Tensor]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        Across(embed, CPU, cuda).start(np.zeros((2, 3), np.int16))
    assert cuda.freed == 1


def test_both_ways_say_the_same(cuda: Cuda) -> None:
    given = np.arange(12, dtype=np.int16).reshape(4, 3)
    here, there = Here(doubled).start(given)(), Across(doubled, CPU, cuda).start(given)()
    assert here.keys() == there.keys() == {"double", "half"}
    for name, array in here.items():
        assert array.dtype == there[name].dtype
        np.testing.assert_array_equal(array, there[name])


def test_what_is_on_its_way_is_not_shared_with_the_next(cuda: Cuda) -> None:
    """A room is one batch's own: laying the next out changes nothing of it."""
    there = Across(doubled, CPU, cuda)
    first, second = (there.room((1, 3), np.dtype(np.int16)) for _ in range(2))
    first[:] = 1
    arrays = there.start(first)
    second[:] = 9
    assert arrays()["double"].tolist() == [[2] * 3]


def test_networks_on_a_cpu_are_asked_in_place() -> None:
    assert isinstance(transfer(doubled, nn.Linear(2, 2)), Here)
    assert isinstance(transfer(doubled, nn.Identity()), Here)


class Weighted(StubEncoder):
    """Has a weight, so that it is somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Linear(1, 1).requires_grad_(False)
        self.places: set[tuple[str, torch.dtype]] = set()

    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        self.places.add((frames.device.type, frames.dtype))
        return super().embed_sight(frames)

    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        self.places.add((samples.device.type, samples.dtype))
        return super().embed_sound(samples)


@pytest.mark.needs_cuda
def test_a_gpu_gets_bytes_and_says_what_the_cpu_says() -> None:
    """Many videos through batches that overlap: each its own numbers, in its own order."""
    videos = [((n, 0), cells(1 + n % 7, n % 250)) for n in range(60)]
    answers = []
    for device in ("cpu", "cuda"):
        encoder = Weighted()
        encoder.model.to(device)
        batches, found = CellBatches(encoder, 8), []
        for name, segments in videos:
            found += list(batches.add(name, segments))
        found += list(batches.finish())
        assert encoder.places == {(device, torch.uint8), (device, torch.int16)}
        answers.append(dict(found))
    assert answers[0].keys() == answers[1].keys() == {name for name, _ in videos}
    for name, expected in answers[0].items():
        other = answers[1][name]
        assert isinstance(expected, Features)
        assert isinstance(other, Features)
        np.testing.assert_allclose(other.visual, expected.visual, rtol=1e-5)
        np.testing.assert_allclose(other.audio, expected.audio, rtol=1e-5)


@pytest.mark.needs_cuda
def test_memory_of_a_gpu_that_runs_out_costs_nothing() -> None:
    """A batch that asks for more than there is comes back smaller, and whole."""

    def fault(frames: Tensor) -> None:
        if len(frames) > 2:
            torch.empty(1 << 50, dtype=torch.uint8, device="cuda")

    encoder = Weighted()
    encoder.model.to("cuda")
    encoder.fault = fault
    batches = CellBatches(encoder, 8)
    found = [*batches.add((0, 0), cells(7, 9)), *batches.finish()]
    ((_, features),) = found
    assert isinstance(features, Features)
    assert features.visual[:, 0].tolist() == [9] * 7
    assert encoder.batches == [8, 4, 2, 2, 2, 2]
