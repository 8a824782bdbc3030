"""Work for several processes: a bounded number of tasks in flight, answers in order, one clean end."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Any, TypeVar

Key = TypeVar("Key")
Task = TypeVar("Task")
Answer = TypeVar("Answer")


class WorkerDied(RuntimeError):
    """A worker process ended in the middle of its task: killed, or out of memory."""

    def __init__(self) -> None:
        super().__init__("A worker process died in the middle of its work; fewer workers need less memory.")


def available_cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Inline(Executor):
    """Runs every task at once in this process, for one worker."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Answer a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Pool(ProcessPoolExecutor):
    """Fresh processes: a copy of this one would carry its database connection and threads along.

    Ctrl-C reaches this process alone, which then ends the others between two tasks; they also end when
    this one is killed.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count, mp_context=get_context("spawn"), initializer=_end_with_parent)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As any executor's; a process that this starts inherits that Ctrl-C is held back."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        except BrokenProcessPool as broken:
            raise WorkerDied from broken
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def worker_pool(count: int) -> Iterator[Executor]:
    """`count` processes, or this one alone for 1; at the end tasks that have not begun are dropped.

    Raises: ValueError if `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"Workers are 1 or more, not {count}.")
    executor: Executor = Inline() if count == 1 else Pool(count)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def answer_of(future: Future[Answer]) -> Answer:
    """Wait for an answer. Raises: what the task raised; WorkerDied if its process died."""
    try:
        return future.result()
    except BrokenProcessPool as broken:
        raise WorkerDied from broken


def in_order(
    executor: Executor,
    function: Callable[[Task], Answer],
    tasks: Iterable[tuple[Key, Task]],
    *,
    ahead: int,
) -> Iterator[tuple[Key, Answer]]:
    """Each task's key and answer, in the order of the tasks, of which at most `ahead` are in flight.

    Tasks are drawn as they are needed, so neither they nor their answers pile up.
    Raises: what a task raised, when its turn comes; WorkerDied if a process died.
    """
    flying: deque[tuple[Key, Future[Answer]]] = deque()
    for key, task in tasks:
        flying.append((key, executor.submit(function, task)))
        if len(flying) >= ahead:
            first, future = flying.popleft()
            yield first, answer_of(future)
    while flying:
        first, future = flying.popleft()
        yield first, answer_of(future)
