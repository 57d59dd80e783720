"""Published weight files by name: where they are from, how large they are, what they hash to.

Sizes and sha256 are those of the publishers' own records (reference section 3.1) where nothing else
is said: an entry whose record could not be had says so, and so does everything that is told of it.
"""

from dataclasses import dataclass

RELEASE = "https://github.com/AndreyGuzhov/AudioCLIP/releases/download/v0.1/"
EFFICIENTAT = "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/"
GROUPS = {"everyday": ("mn04_as_mAP_432.pt",)}
"""What is fetched together under one name: what the model of that name needs."""
UNKNOWN = "its publisher's sha256 is not known, so it cannot be verified"
OF_A_COPY = "its sha256 is known from a third-party copy alone, not from its publisher"


@dataclass(frozen=True)
class Published:
    """One file that its authors offer for download."""

    name: str
    url: str
    num_bytes: int | None
    sha256: str | None
    """64 hex digits; None where no record of it could be had, as with the number of bytes."""
    content: str
    licence: str
    of_a_copy: bool = False
    """Whether the record is not the publisher's own but that of a copy found elsewhere."""

    @property
    def doubt(self) -> str:
        """Why the file cannot be verified against its publisher's record; empty where it can."""
        if self.sha256 is None:
            return UNKNOWN
        return OF_A_COPY if self.of_a_copy else ""

    @property
    def size(self) -> str:
        """In MB, for people."""
        return "size not known" if self.num_bytes is None else f"{self.num_bytes / 1e6:.0f} MB"


PUBLISHED = {
    entry.name: entry
    for entry in (
        Published(
            "AudioCLIP-Full-Training.pt",
            RELEASE + "AudioCLIP-Full-Training.pt",
            537_302_068,
            "2441d35b353352c8b1bbfb8f7c687f46314c3d2909e940eaf763b8c17f632c44",
            "all three heads, tuned on AudioSet",
            "MIT",
        ),
        Published(
            "AudioCLIP-Partial-Training.pt",
            RELEASE + "AudioCLIP-Partial-Training.pt",
            537_302_068,
            "1921885b6c3b5de0619f2ef4a9700ecbade758a398b34eb064230c30baef0c75",
            "audio head tuned against frozen CLIP",
            "MIT",
        ),
        Published(
            "CLIP.pt",
            RELEASE + "CLIP.pt",
            408_415_159,
            "124e6d59d54c0837c456c953b3147adf438a21570d5c5b01ad83f6ad3e78d15e",
            "image and text heads only",
            "MIT",
        ),
        Published(
            "ESRNXFBSP.pt",
            RELEASE + "ESRNXFBSP.pt",
            124_795_647,
            "acfcc6b0a0f07025cc660ed6dcf9b5a05fbd7c8ebf65edaa0a81d88a92ff6834",
            "audio head only, 527 AudioSet classes",
            "MIT",
        ),
        Published(
            "mn04_as_mAP_432.pt",
            EFFICIENTAT + "mn04_as_mAP_432.pt",
            4_066_513,
            "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
            "EfficientAT, width 0.4, 527 AudioSet classes",
            "MIT",
            of_a_copy=True,
        ),
        *(
            Published(
                name,
                EFFICIENTAT + name,
                None,
                None,
                f"EfficientAT, width {width}, 527 AudioSet classes",
                "MIT",
            )
            for name, width in (
                ("mn05_as_mAP_443.pt", 0.5),
                ("mn10_as_mAP_471.pt", 1),
                ("mn20_as_mAP_478.pt", 2),
            )
        ),
        Published(
            "yamnet.h5",
            "https://storage.googleapis.com/audioset/yamnet.h5",
            None,
            None,
            "YAMNet, 521 AudioSet classes",
            "Apache-2.0",
        ),
    )
}


def described(group: str) -> str:
    """Size and licence of what a group's name fetches, for people: `4 MB, licence MIT`."""
    entries = [PUBLISHED[name] for name in GROUPS[group]]
    num_bytes = sum(entry.num_bytes or 0 for entry in entries)
    licences = dict.fromkeys(entry.licence for entry in entries)
    return f"{num_bytes / 1e6:.0f} MB, licence {', '.join(licences)}"
