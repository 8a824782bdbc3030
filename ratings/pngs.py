"""Pads the PNG files of a trial so that nothing but their pixels differs."""

import os
import struct
import zlib
from collections.abc import Sequence
from itertools import cycle

SIGNATURE = b"\x89PNG\r\n\x1a\n"
IEND = b"\x00\x00\x00\x00IEND\xaeB`\x82"
CHUNK_OVERHEAD = 12
# Ancillary, private, not safe to copy: every decoder passes over it.
PADDING_TYPE = b"srPd"
# Even the larger file of a pair gets this much: without it the same bytes would come in every trial.
LEAST_PADDING = 16
# Random once a process: to draw it anew for every picture takes longer than all else that is done with it.
_NOISE = os.urandom(1 << 20)


def padded_to(content: bytes, length: int) -> bytes:
    """A PNG file of exactly `length` bytes with the same pixels, by a private chunk before its end.

    The padding is random, so that no compression on the way tells it from image data.
    Raises: ValueError if the file does not end as a PNG does, or `length` leaves no room for a chunk.
    """
    if not content.startswith(SIGNATURE) or not content.endswith(IEND):
        raise ValueError("The file is not a PNG, or something follows its end.")
    room = length - len(content)
    if room < CHUNK_OVERHEAD:
        raise ValueError(f"A PNG of {len(content)} bytes cannot be padded to {length}.")
    filling = _filling(room - CHUNK_OVERHEAD)
    checksum = zlib.crc32(filling, zlib.crc32(PADDING_TYPE))
    chunk = (struct.pack(">I", len(filling)), PADDING_TYPE, filling, struct.pack(">I", checksum))
    # Copied once, as much of the one as of the other: a copy takes time as well.
    return b"".join((memoryview(content)[: -len(IEND)], *chunk, IEND))


def _filling(size: int) -> bytes:
    """So many bytes that look random, and begin like no others."""
    fresh = os.urandom(min(size, LEAST_PADDING))
    begin = int.from_bytes(os.urandom(4)) % len(_NOISE)
    turned = cycle((memoryview(_NOISE)[begin:], memoryview(_NOISE)[:begin]))
    parts, missing = [memoryview(fresh)], size - len(fresh)
    while missing:
        parts.append(next(turned)[:missing])
        missing -= len(parts[-1])
    return b"".join(parts)


def as_long_as_all(shown: bytes, together: Sequence[bytes]) -> bytes:
    """A PNG file's bytes, as long as those of every other picture of its trial will be when asked for."""
    return as_long_as(shown, max(len(one) for one in together))


def as_long_as(shown: bytes, length: int) -> bytes:
    """A PNG file's bytes, as long as every other picture padded for the same `length` of a file."""
    return padded_to(shown, max(length, len(shown)) + CHUNK_OVERHEAD + LEAST_PADDING)
