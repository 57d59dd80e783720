"""Published weight files by name: where they are from, how large they are, what they hash to.

Sizes and sha256 are those of the publishers' own records (reference section 3.1).
"""

from dataclasses import dataclass

RELEASE = "https://github.com/AndreyGuzhov/AudioCLIP/releases/download/v0.1/"


@dataclass(frozen=True)
class Published:
    """One file that its authors offer for download."""

    name: str
    url: str
    num_bytes: int
    sha256: str
    content: str
    licence: str


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
    )
}
