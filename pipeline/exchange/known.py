"""Weight files of published systems that are known by their content."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownFile:
    """One file that the authors of a system published.

    Attributes:
        model: By its table name.
        name: As they call it.
        source: Where it is from.
    """

    model: str
    name: str
    source: str


KNOWN = {
    "9c1e55c8d4bebf7dfd947c63ba2efad604dd4f6bb6fba79b1fe6e1bf82f97c5e": KnownFile(
        "cmm", "cmm_model_weights.h5", "YapengTian/AVE-ECCV18, 416,512 bytes, reference section 2.4"
    ),
}
"""By sha256. Others may be as good, but nobody has vouched for them here."""
