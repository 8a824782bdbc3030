"""Progress with the time left, on a terminal as one line that moves, elsewhere as a line now and then."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

TERMINAL_EVERY_S, LOG_EVERY_S = 0.2, 10.0


def human_time(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """Writes how far a piece of work is; `update` may be called as often as one likes.

    `clock` answers seconds; it is there to be replaced in tests.
    """

    def __init__(
        self, title: str, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.title = title
        self._stream = stream or sys.stderr
        self._clock = clock
        self._moves = self._stream.isatty()
        self._started = self._written = clock()
        self._width = 0

    def update(
        self, done: float, total: float, detail: str = "", *, seconds_left: float | None = None
    ) -> None:
        """Say that `done` of `total` are done; without `seconds_left` the pace so far gives it."""
        now = self._clock()
        every = TERMINAL_EVERY_S if self._moves else LOG_EVERY_S
        if now - self._written < every:
            return
        self._written = now
        if seconds_left is None:
            seconds_left = (now - self._started) * (total - done) / done if done else 0.0
        parts = [f"{self.title}: {100 * done / total:3.0f} %", f"{human_time(seconds_left)} left", detail]
        self._write(", ".join(part for part in parts if part))

    def finish(self, detail: str = "") -> None:
        """Leave one line that says how long it took."""
        took = f"{self.title}: {human_time(self._clock() - self._started)}"
        self._write(f"{took}, {detail}" if detail else took, last=True)

    def _write(self, line: str, *, last: bool = False) -> None:
        if self._moves:
            padding = " " * max(0, self._width - len(line))
            self._stream.write(f"\r{line}{padding}" + ("\n" if last else ""))
            self._width = 0 if last else len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()
