"""Streams that fail as the system makes them fail."""

import io
import os
import sys

import pytest


class Refusing(io.StringIO):
    """A stream that takes nothing more, for a reason of the system's."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number, self.asked = number, 0

    def write(self, text: str) -> int:
        self.asked += 1
        raise OSError(self.number, os.strerror(self.number))


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, name: str = "stdout") -> Refusing:
    stream = Refusing(number)
    monkeypatch.setattr(sys, name, stream)
    return stream
