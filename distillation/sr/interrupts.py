"""What a training run borrows from its process and gives back: signals, and the number of threads."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import torch


@contextlib.contextmanager
def compute_threads(count: int) -> Iterator[None]:
    """Compute on so many CPU threads for the time of the block; 0 leaves the number as it is."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Turn the first SIGINT and SIGTERM into a flag, so that no step is left half done.

    Only a process's main thread can do so; elsewhere the flag stays down.
    """
    raised = threading.Event()
    previous: dict[signal.Signals, Any] = {}

    def raise_flag(number: int, frame: FrameType | None) -> None:
        raised.set()
        signal.signal(number, previous[signal.Signals(number)])  # a second time ends it at once

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, raise_flag)
    try:
        yield raised.is_set
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
