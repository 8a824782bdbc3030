"""Progress says how long is left, on a terminal and in a log."""

import io

import pytest

from srstudy.progress import Progress, human_time


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 05 min"), (-3, "0 s")],
)
def test_a_time_reads_as_people_say_it(seconds, text):
    assert human_time(seconds) == text


def test_the_pace_so_far_gives_the_time_left():
    clock, stream = Clock(), io.StringIO()
    progress = Progress("work", stream, clock=clock)
    clock.now = 20.0
    progress.update(1, 4)  # a quarter in 20 s leaves three quarters, 60 s
    assert stream.getvalue() == "work:  25 %, 1 min 00 s left\n"


def test_a_log_gets_a_line_every_ten_seconds_at_most():
    clock, stream = Clock(), io.StringIO()
    progress = Progress("work", stream, clock=clock)
    for second in range(35):
        clock.now = float(second)
        progress.update(second, 100)
    assert stream.getvalue().count("\n") == 3


def test_a_terminal_gets_one_line_that_moves():
    clock, stream = Clock(), Terminal()
    progress = Progress("work", stream, clock=clock)
    for second in range(1, 5):
        clock.now = float(second)
        progress.update(second, 5, "x" * (5 - second))
    assert "\n" not in stream.getvalue()
    progress.finish("done")
    assert stream.getvalue().endswith("\n")
    # Each line covers what a longer one left behind.
    lengths = [len(line) for line in stream.getvalue().rstrip("\n").split("\r")[1:]]
    assert lengths[-1] >= len("work:  80 %, 1 s left, x") - 1
