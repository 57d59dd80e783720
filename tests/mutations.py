"""Damaged media from sound media: bits, cuts, atoms, tables and splices, by number.

A mutation is wholly determined by its number and its sources, so that one that fails can be made
again. Units are what a container is built of: boxes, chunks, elements, pages, packets.
"""

import random
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

SEED = 20_261_126
ODD = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1000_0000)
"""Values at which counts, sizes and times go wrong."""
TABLES = (
    *(b"stts", b"ctts", b"stsz", b"stz2", b"stsc", b"stco", b"co64", b"stss", b"elst", b"stsd"),
    *(b"mvhd", b"mdhd", b"tkhd", b"hdlr", b"trun", b"tfhd", b"tfdt", b"trex", b"sidx", b"esds"),
)
PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex", b"udta")
MASTERS = (0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0x1549A966, 0xE0, 0xE1, 0x1C53BB6B, 0xA0)
"""Matroska's elements that hold others: Segment, Tracks, TrackEntry, Cluster, Info, ..."""


def mutation(number: int, sources: Sequence[bytes]) -> tuple[str, bytes]:
    """Kind and bytes of the mutation with a number."""
    dice = random.Random(f"{SEED} {number}")
    kind = list(KINDS)[number % len(KINDS)]
    source = dice.choice(sources)
    data = bytearray(source)
    while bytes(data) == source:
        data = bytearray(source)
        KINDS[kind](data, dice, sources)
    return kind, bytes(data)


def flip_bits(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    """One to some hundred bits, anywhere or where headers are."""
    low, high = dice.choice([(0, len(data)), (0, 1024), (len(data) - 4096, len(data))])
    for _bit in range(dice.choice([1, 2, 8, 64, 256])):
        at = min(max(0, dice.randrange(low, high)), len(data) - 1)
        data[at] ^= 1 << dice.randrange(8)


def cut(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    """The end cut off, or a part left out, doubled, blanked or moved."""
    at, to = sorted(dice.randrange(len(data)) for _ in range(2))
    part = data[at:to]
    how = dice.choice(["end", "begin", "out", "double", "blank", "move"])
    if how == "end":
        del data[max(1, at) :]
    elif how == "begin":
        del data[:at]
    elif how == "double":
        data[at:at] = part
    elif how == "blank":
        data[at:to] = bytes([dice.choice([0, 255])]) * len(part)
    else:
        del data[at:to]
        if how == "move":
            data += part


def change_units(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    """Atoms left out, doubled, exchanged, renamed, or of another size."""
    for _unit in range(dice.choice([1, 1, 2, 8])):
        found = list(units(bytes(data)))
        if not found:
            return
        at, end = dice.choice(found)
        how = dice.choice(["out", "double", "size", "name", "exchange"])
        if how == "out":
            del data[at:end]
        elif how == "double":
            data[at:at] = data[at:end]
        elif how == "size":
            data[at : at + 4] = struct.pack(">I", dice.choice([*ODD, 8, end - at - 1]))
        elif how == "name":
            other = dice.choice(found)[0]
            data[at + 4 : at + 8] = data[other + 4 : other + 8]
        else:
            first, second = sorted([(at, end), dice.choice(found)])
            if first[1] <= second[0]:
                one, two = data[slice(*first)], data[slice(*second)]
                data[slice(*second)] = one
                data[slice(*first)] = two


def change_tables(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    """Numbers in tables and headers set to odd values, or moved a little."""
    places = [at for name in TABLES for at in _all(data, name)]
    for _value in range(dice.choice([1, 2, 4, 16])):
        begin = dice.choice(places) + 4 if places else dice.randrange(min(len(data), 2048))
        width = dice.choice([1, 2, 4, 4, 8])
        at = min(begin + 4 * dice.randrange(12), len(data) - width)
        old = int.from_bytes(data[at : at + width], "big")
        new = dice.choice([*ODD, old + 1, old - 1, 2 * old, old << 8, dice.getrandbits(32)])
        data[at : at + width] = (new % (1 << 8 * width)).to_bytes(width, "big")


def splice(data: bytearray, dice: random.Random, sources: Sequence[bytes]) -> None:
    """A part of another file in the place of one of this, behind it, or between."""
    other = dice.choice(sources)
    at, to = sorted(dice.randrange(len(data)) for _ in range(2))
    begin, end = sorted(dice.randrange(len(other)) for _ in range(2))
    how = dice.choice(["tail", "between", "instead", "joined"])
    if how == "tail":
        data[at:] = other[begin:]
    elif how == "between":
        data[at:at] = other[begin:end]
    elif how == "instead":
        data[at:to] = other[begin : begin + to - at]
    else:
        data += other


Change = Callable[[bytearray, random.Random, Sequence[bytes]], None]
KINDS: dict[str, Change] = {
    "bits": flip_bits,
    "cuts": cut,
    "atoms": change_units,
    "tables": change_tables,
    "splices": splice,
}


def units(data: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of what the container is built of, those inside others included."""
    if data[4:8] in (b"ftyp", b"moov", b"styp", b"moof"):
        yield from _boxes(data, 0, len(data))
    elif data[:4] == b"RIFF":
        yield from _chunks(data, 12, len(data))
    elif data[:4] == b"\x1a\x45\xdf\xa3":
        yield from _elements(data, 0, len(data))
    elif data[:4] == b"OggS":
        pages = [*_all(data, b"OggS"), len(data)]
        yield from pairwise(pages)
    else:  # packets of a transport stream; of others blocks of no meaning
        yield from ((at, min(at + 188, len(data))) for at in range(0, len(data), 188))


def _all(data: bytes | bytearray, name: bytes) -> list[int]:
    found, at = list[int](), data.find(name)
    while at >= 0:
        found.append(at)
        at = data.find(name, at + 1)
    return found


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, at)
        stop = min(at + size, end) if size >= 8 else end
        yield at, stop
        if name in PARENTS:
            yield from _boxes(data, at + 8, stop)
        at = stop


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        name, size = struct.unpack_from("<4sI", data, at)
        stop = min(at + 8 + size + size % 2, end)
        yield at, stop
        if name == b"LIST":
            yield from _chunks(data, at + 12, stop)
        at = stop


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 2 <= end:
        id_width = _width(data[at])
        size_at = at + id_width
        if size_at >= end:
            return
        name, width = int.from_bytes(data[at:size_at], "big"), _width(data[size_at])
        size = int.from_bytes(data[size_at : size_at + width], "big") & (1 << 7 * width) - 1
        begin = size_at + width
        stop = end if size == (1 << 7 * width) - 1 else min(begin + size, end)
        yield at, stop
        if name in MASTERS:
            yield from _elements(data, begin, stop)
        at = stop


def _width(first: int) -> int:
    """Bytes of one of Matroska's numbers, by its first."""
    return max(1, 9 - first.bit_length())
