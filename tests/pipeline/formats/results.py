"""Results for the formats' tests, with everything that is hard to write down."""

from avel.pipeline.method.events import Disagreement, Event
from avel.pipeline.method.results import Result

STRANGE = 'Frying (food), "loud"\nand <b> & ü\u2028'
NOT_UTF8 = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")


def plain(file: str = "a.mp4", events: int = 2) -> Result:
    found = tuple(Event(float(n), n + 0.5, f"label {n}", 0.25) for n in range(events))
    return Result(file, "ok", duration=3.0, segments=3, events=found, relevance=(0.5, 0.25, 1 / 3))


def strange(file: str = "b,c.mp4") -> Result:
    return Result(
        file,
        "partial",
        ("TRUNCATED",),
        duration=float("nan"),
        segments=1,
        events=(Event(1.0, 3.5, STRANGE, 0.75),),
        disagreements=(Disagreement(0.0, 1.0, STRANGE, "heard, not seen"),),
        notes=(STRANGE,),
        model={"name": STRANGE},
        decoder={"name": "gate", "threshold": 0.5},
        relevance=(float("inf"),),
        top_classes=((STRANGE, 0.1),),
    )


def failed(file: str = "c.mp4") -> Result:
    return Result(file, "failed", ("EMPTY",), message=f"{file}: the file has 0 bytes")
