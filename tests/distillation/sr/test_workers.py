"""Several processes: answers in order, few tasks in flight, and a clean end however it comes."""

import math
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from distillation.sr import workers

REPOSITORY = Path(__file__).resolve().parents[3]


def test_answers_come_in_the_order_of_the_tasks_whoever_is_quicker():
    tasks = [("slow", 0.3), ("quick", 0.0), ("quick too", 0.0)]
    with workers.worker_pool(2) as pool:
        answers = workers.in_order(pool, time.sleep, tasks, ahead=3)
        assert [key for key, _ in answers] == ["slow", "quick", "quick too"]


def test_no_more_tasks_are_drawn_than_may_be_in_flight():
    drawn = []

    def tasks():
        for number in range(10):
            drawn.append(number)
            yield number, number

    with workers.worker_pool(1) as alone:
        answers = workers.in_order(alone, math.sqrt, tasks(), ahead=3)
        assert next(answers) == (0, 0.0)
        assert drawn == [0, 1, 2]
        assert [key for key, _ in answers] == list(range(1, 10))


def test_what_a_task_raises_is_raised_here_when_its_turn_comes():
    with workers.worker_pool(1) as alone:
        answers = workers.in_order(alone, math.sqrt, [("good", 4), ("bad", -1)], ahead=2)
        assert next(answers) == ("good", 2.0)
        with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
            next(answers)


def test_a_process_that_dies_ends_the_work_in_a_sentence():
    with workers.worker_pool(2) as pool:
        with pytest.raises(workers.WorkerDied, match="died in the middle of its work"):
            list(workers.in_order(pool, os._exit, [("a", 3), ("b", 3)], ahead=2))
        with pytest.raises(workers.WorkerDied):
            pool.submit(math.sqrt, 4)


def test_ctrl_c_does_not_reach_the_workers_and_still_reaches_this_process():
    with workers.worker_pool(2) as pool:
        blocked = pool.submit(partial(signal.pthread_sigmask, signal.SIG_BLOCK), []).result()
    assert signal.SIGINT in blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_fewer_than_one_worker_is_refused():
    with pytest.raises(ValueError, match="not 0"), workers.worker_pool(0):
        pass


def test_cores_are_those_that_this_process_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert workers.available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_ctrl_c_at_a_terminal_ends_all_processes_without_a_word_from_the_workers():
    code = (
        "import signal, time\nfrom distillation.sr import workers\n"
        "if __name__ == '__main__':\n"
        # Whatever these tests run under may ignore it, as a shell does for what runs in the background.
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    tasks = ((number, 0.05) for number in range(10_000))\n"
        "    try:\n"
        "        with workers.worker_pool(2) as pool:\n"
        "            answers = workers.in_order(pool, time.sleep, tasks, ahead=3)\n"
        "            print(next(answers)[0], flush=True)\n"
        "            for _ in answers:\n"
        "                pass\n"
        "    except KeyboardInterrupt:\n"
        "        print('stopped')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout.readline() == "0\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the command
        assert process.communicate(timeout=30) == ("stopped\n", "")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
def test_workers_end_when_the_process_that_started_them_is_killed():
    code = (
        "import os, time\nfrom distillation.sr import workers\n"
        "if __name__ == '__main__':\n"
        "    with workers.worker_pool(2) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    with parent:
        worker = int(parent.stdout.readline())
        assert is_running(worker)
        parent.kill()
    until = time.monotonic() + 20
    while is_running(worker) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(worker)
