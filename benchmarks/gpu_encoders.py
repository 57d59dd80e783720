"""Encoders on a GPU: do they say what the CPU says, and how many cells a second in which way?"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from avel.extractors import EXTRACTORS
from avel.extractors.errors import ExtractorError
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.options import Precision
from benchmarks.gpu_bench import LEAST, Bench, least_cosine, tell, tf32
from benchmarks.gpu_weights import cells, chosen, with_precision

NARROW: tuple[Precision, ...] = ("bfloat16", "float16")
COMPILED = ("audioclip-tiny", "efficientnet-lite0", "mn04", "audioclip", "yamnet", "openclip")
"""In the order in which they are compiled, for as long as there is time."""
Features = dict[str, Tensor]
CENTRED_LEAST = 0.999


def parity(bench: Bench) -> None:
    """Each extractor on the device beside the CPU's float32, TF32 off."""
    tell("lowest cosine of any array of any cell with the CPU in float32\n")
    tell("| encoder | float32 | float32, centred | bfloat16 | float16 | float32 by TF32 |")
    tell("|---|---|---|---|---|---|")
    for name in EXTRACTORS:
        with bench.case(f"parity of {name}"):
            tell(f"| {name} | {' | '.join(_compared(bench, name))} |")


def _compared(bench: Bench, name: str) -> Iterator[str]:
    choice = chosen(name, bench.scratch / "weights")
    given = cells(choice, 3 if bench.tiny else 16)
    expected = choice.load("cpu")(*given)
    extractor = choice.load(str(bench.device))
    with tf32(False):
        found = extractor(*given)
        yield bench.judge(f"{name}, float32", lowest(found, expected), LEAST["float32"])
        apart = lowest(found, expected, centred=True)
        yield bench.judge(f"{name}, float32, centred", apart, CENTRED_LEAST)
    for precision in NARROW:
        try:
            with_precision(extractor, precision)
        except ExtractorError:
            yield "not on this device"
            continue
        cosine = lowest(extractor(*given), expected)
        told = precision not in LEAST  # float16 may overflow where weights are random
        yield (
            f"{cosine:.6f}"
            if told
            else bench.judge(f"{name}, {precision}", cosine, LEAST[precision])
        )
    with_precision(extractor, "float32")
    with tf32(True):
        yield f"{lowest(extractor(*given), expected):.6f}"


def lowest(found: Features, expected: Features, *, centred: bool = False) -> float:
    """The lowest cosine of any cell in any array, NaN where something is none."""
    assert found.keys() == expected.keys(), f"{list(found)} beside {list(expected)}"
    values = [
        least_cosine(found[key], expected[key], centred=centred)
        for key in expected
        if expected[key].dim() > 1
    ]
    return min(values, key=lambda value: value if value == value else -2.0)


class Sense(NamedTuple):
    """Sight or sound of one extractor: its network, and what goes into it."""

    name: str
    network: Callable[[Tensor], object]
    inputs: Tensor
    """On the device."""
    whole: Callable[[], object]
    """A call as a run makes it: cells from the CPU, features back to it."""
    extractor: FrozenExtractor


def senses(bench: Bench, name: str) -> list[Sense]:
    choice = chosen(name, bench.scratch / "weights")
    extractor = choice.load(str(bench.device))
    frames, samples = cells(choice, 2 if bench.tiny else 64)
    found = []
    if choice.kind.sees:
        images = extractor.normalised(frames[:, 0].to(bench.device))
        whole = lambda: extractor.embed_sight(frames)  # noqa: E731
        found.append(Sense(f"{name}, sight", extractor.see, images, whole, extractor))
    if choice.kind.hears:
        heard = samples.to(bench.device).float()
        whole = lambda: extractor.embed_sound(samples)  # noqa: E731
        found.append(Sense(f"{name}, sound", extractor.hear, heard, whole, extractor))
    return found


def speed(bench: Bench) -> None:
    """Cells a second of every encoder, by precision and by how its network is run."""
    tell(f"cells/s, batches of {2 if bench.tiny else 64}; a whole call copies cells there and")
    tell("features back; the others are the network alone\n")
    tell("| encoder | precision | whole call | contiguous | channels_last | CUDA graph |")
    tell("|---|---|---|---|---|---|")
    for name in EXTRACTORS:
        with bench.case(f"speed of {name}"):
            for sense in senses(bench, name):
                for precision, rounded in WAYS:
                    _row(bench, sense, precision, rounded)


WAYS: tuple[tuple[Precision, bool], ...] = (
    ("float32", False),
    ("float32", True),
    ("bfloat16", False),
    ("float16", False),
)
"""Precision, and whether TF32 is allowed."""


def _row(bench: Bench, sense: Sense, precision: Precision, rounded: bool) -> None:
    title = f"{precision}{' by TF32' if rounded else ''}"
    if rounded and not bench.on_gpu:
        return
    try:
        with_precision(sense.extractor, precision)
    except ExtractorError as err:
        tell(f"| {sense.name} | {title} | left out: {err} | | | |")
        return
    with tf32(rounded), running(sense):
        whole = _rate(bench, sense, sense.whole)
        values = [whole, *(_network(bench, sense, last) for last in (False, True))]
        values.append(_graph(bench, sense))
    tell(f"| {sense.name} | {title} | {' | '.join(values)} |")


@contextmanager
def running(sense: Sense) -> Iterator[None]:
    with torch.inference_mode(), sense.extractor.mixed():
        yield


def _rate(bench: Bench, sense: Sense, run: Callable[[], object]) -> str:
    return f"{len(sense.inputs) / bench.seconds(run):.0f}"


def _network(bench: Bench, sense: Sense, last: bool) -> str:
    layout = torch.channels_last if last else torch.contiguous_format
    sense.extractor.model.to(memory_format=layout)  # type: ignore[call-overload]
    given = sense.inputs
    if given.dim() == 4:
        given = given.contiguous(memory_format=layout)
    return _rate(bench, sense, lambda: sense.network(given))


def _graph(bench: Bench, sense: Sense) -> str:
    """Replays of the captured network, whose answer must be that of the network itself."""
    if not bench.on_gpu:
        return "no GPU"
    try:
        replay, answer = captured(sense)
        replay()
        expected = _first(sense.network(sense.inputs))
        if (cosine := least_cosine(_first(answer), expected)) < LEAST["float32"]:
            bench.failed.append(f"{sense.name}: a CUDA graph's answer has cosine {cosine:.6f}")
            return f"WRONG ({cosine:.4f})"
        return _rate(bench, sense, replay)
    except RuntimeError as err:
        return f"no: {' '.join(str(err).split())[:60]}"


def captured(sense: Sense) -> tuple[Callable[[], object], object]:
    """What replays a network on its inputs, and where its answer is then."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # libraries make their plans before anything is captured
        for _ in range(3):
            sense.network(sense.inputs)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = sense.network(sense.inputs)
    return graph.replay, answer


def _first(answer: object) -> Tensor:
    """Of sight's maps and vectors, one that is not empty; of sound, its vectors."""
    found = answer if isinstance(answer, Tensor) else answer[1]  # type: ignore[index]
    assert isinstance(found, Tensor)
    return found.float()


def compiled(bench: Bench) -> None:
    """The networks through `torch.compile`, in the fastest precision that all devices have."""
    precision: Precision = "bfloat16" if bench.on_gpu else "float32"
    tell(f"cells/s in {precision}\n\n| encoder | eager | compiled | lowest cosine | s to compile |")
    tell("|---|---|---|---|---|")
    for name in COMPILED[:1] if bench.tiny else COMPILED:
        with bench.case(f"compiled {name}"):
            for sense in senses(bench, name):
                with_precision(sense.extractor, precision)
                with running(sense):
                    tell(_compiled(bench, sense))


def _compiled(bench: Bench, sense: Sense) -> str:
    run, began = torch.compile(sense.network), time.perf_counter()
    found = _first(run(sense.inputs))
    bench.wait()
    took = time.perf_counter() - began
    eager = _rate(bench, sense, lambda: sense.network(sense.inputs))
    fast = _rate(bench, sense, lambda: run(sense.inputs))
    cosine = least_cosine(found, _first(sense.network(sense.inputs)))
    judged = bench.judge(f"{sense.name}, compiled", cosine, LEAST["bfloat16"])
    return f"| {sense.name} | {eager} | {fast} | {judged} | {took:.0f} |"
