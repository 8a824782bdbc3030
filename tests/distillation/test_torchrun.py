"""`torchrun … manage.py distill`: two processes, one of them killed, started anew, and one run recorded."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from distillation.sr import checkpoints, runlog
from distillation.sr.watching import LOG

REPOSITORY = Path(__file__).resolve().parents[2]


def worker_of(rank: int, runner: int) -> int:
    """The process that torchrun started under this rank."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if int(parent) == runner and f"RANK={rank}".encode() in variables:
                return int(folder.name)
    raise AssertionError(f"no process of rank {rank}")


def test_a_killed_process_is_started_anew_and_the_run_goes_on(tmp_path, photos):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "DATA_ROOT": str(tmp_path / "data"),
        "SECRET_KEY": "0123456789" * 6,
    }
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=REPOSITORY, env=environment, check=True)
    runner = subprocess.Popen(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"),
            *("--max-restarts=1", "--monitor-interval=0.2", "manage.py", "distill", "--method=student"),
            *("--profile=smoke", f"--data={photos}", "--steps=64", "--set=checkpoint_seconds=0"),
        ],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    runs, until = tmp_path / "media" / "runs", time.monotonic() + 120
    while not list(runs.glob("*/student_pixel/checkpoint.json")):
        assert time.monotonic() < until
        assert runner.poll() is None, runner.communicate()[0]
        time.sleep(0.02)
    os.kill(worker_of(1, runner.pid), signal.SIGKILL)
    printed, _ = runner.communicate(timeout=180)
    assert runner.returncode == 0, printed
    [folder] = runs.iterdir()
    assert checkpoints.load(folder / "student_final").finished
    assert any(record.get("resumed") for record in runlog.read(folder / "student_pixel" / LOG))
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        rows = database.execute("SELECT method, status, steps FROM distillation_trainingrun").fetchall()
    assert rows == [("student", "finished", 80)]
    # The process that trained along prints no table of its own.
    assert printed.count("Student") == 2
