"""What the benchmarks of the server share: a database of its own, a study with raters, gunicorn, a client."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
DATABASES = ("sqlite", "postgresql")
POSTGRESQL = "postgres://postgres@127.0.0.1:5432/postgres"
METHODS = 6
START_S = 60
REQUEST_S = 60
ANSWER = {  # what the page measures beside the scores, so that the serializer has its usual work
    "duration_ms": 2500,
    "first_interaction_ms": 900,
    "hidden_ms": 0,
    "kept_ms": 3,
    "toggles": 0,
    "window_changes": 0,
    "restarts": 0,
    "hidden_count": 0,
    "device_pixel_ratio": 1.5,
    "window_width": 1280,
    "window_height": 800,
    "screen_width": 1920,
    "screen_height": 1080,
    "pointer": "mouse",
}


@contextmanager
def surroundings(database: str, postgresql: str) -> Iterator[dict[str, str]]:
    """An environment for Django whose folders and database are made here and removed at the end.

    `database` is one of DATABASES; `postgresql` the address of a server on which databases may be made.
    """
    with tempfile.TemporaryDirectory() as scratch, _database(database, Path(scratch), postgresql) as address:
        (Path(scratch) / "static").mkdir()
        yield {
            "DJANGO_SETTINGS_MODULE": "srstudy.settings",
            "DATABASE_URL": address,
            "MEDIA_ROOT": f"{scratch}/media",
            "DATA_ROOT": f"{scratch}/data",
            "STATIC_ROOT": f"{scratch}/static",
            "SECRET_KEY": "a secret of more than fifty characters, for benchmarks alone",
            "ALLOWED_HOSTS": HOST,
            "DEBUG": "0",
            "HTTPS": "0",
            "BEHIND_PROXY": "0",
            "LOG_LEVEL": "ERROR",
            "LANGUAGE_CODE": "en",
            "OMP_NUM_THREADS": "1",
        }


@contextmanager
def _database(kind: str, scratch: Path, postgresql: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{scratch / 'db.sqlite3'}"
        return
    import psycopg

    name = f"srstudy_benchmark_{os.getpid()}"
    with psycopg.connect(postgresql, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{postgresql.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(postgresql, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def set_up_django(environment: dict[str, str]) -> None:
    """Let this process work on that database, migrated, with the static files collected."""
    os.environ.update(environment)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def make_study(images: int) -> Any:
    """An open DSCQS study of so many small pictures of noise by METHODS methods."""
    import hashlib

    import numpy as np
    from django.conf import settings
    from django.db import transaction
    from PIL import Image as Picture

    from distillation.models import Image, Output
    from distillation.queries import PROTOCOL
    from ratings.services import studies

    rng = np.random.default_rng(0)
    size = {"width": 64, "height": 64}
    measured = {"psnr_rgb": 30.0, "ssim_rgb": 0.8, "gmsd": 0.1, "psnr_wrapped": 28.0, "lr_psnr": 40.0}

    def write(file: str) -> dict[str, str]:
        path = Path(settings.MEDIA_ROOT) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
        return {"file": file, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    with transaction.atomic():
        outputs = []
        for name in (f"image{number:03d}" for number in range(images)):
            image = Image.objects.create(dataset="noise", name=name, **write(f"images/{name}.png"), **size)
            for rank in range(METHODS):
                outputs.append(
                    Output.objects.create(
                        image=image,
                        method=f"method{rank}",
                        psnr_y=30.0 - rank,
                        ssim_y=0.9 - rank / 50,
                        high_frequency=0.5,
                        protocol=PROTOCOL,
                        seconds=0.01,
                        code_version="benchmark",
                        **write(f"outputs/method{rank}/{name}.png"),
                        **measured,
                        **size,
                    )
                )
        study = studies.create_study(slug="load", title="Load", outputs=outputs, seed=1)
    studies.open_study(study)
    return study


@dataclass(frozen=True)
class Person:
    """A rater who has joined: their cookie and the tokens of their trials, in order."""

    cookie: str
    trials: tuple[str, ...]


def join(study: Any, people: int) -> list[Person]:
    """Let so many raters join, past the database alone, and hand all their trials out."""
    from django.utils import timezone

    from ratings.models import Trial
    from ratings.services import sessions

    joined = []
    for _ in range(people):
        one = sessions.join_study(study, consent_version=study.consent_version, nonce=sessions.new_nonce())
        sessions.mark_instructed(one.rater)
        trials = one.rater.sessions.get().trials.order_by("position").values_list("token", flat=True)
        joined.append(Person(one.token, tuple(trials)))
    Trial.objects.filter(shown_at__isnull=True).update(shown_at=timezone.now())
    return joined


class Server:
    """gunicorn as the project serves, on loopback, in a process group of its own."""

    def __init__(self, environment: dict[str, str], application: str = "srstudy.wsgi") -> None:
        self._environment = os.environ | environment
        self._application = application
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port: int = free.getsockname()[1]

    def start(self) -> float:
        """Start it; answers the seconds until it says that it is ready."""
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", "python:srstudy.gunicorn_settings"),
                *(f"--bind={HOST}:{self.port}", self._application),
            ],
            cwd=REPOSITORY,
            env=self._environment,
            start_new_session=True,
        )
        while time.perf_counter() - began < START_S:
            if self._process.poll() is not None:
                raise RuntimeError(f"gunicorn ended with status {self._process.returncode}")
            client = Client(self.port)
            try:
                if client.get("/health/ready") == 200:
                    return time.perf_counter() - began
            except (OSError, HTTPException):
                pass  # not listening yet
            finally:
                client.close()
            time.sleep(0.02)
        raise RuntimeError(f"gunicorn was not ready within {START_S} s")

    def kill(self) -> None:
        """End all its processes at once."""
        self.end(signal.SIGKILL)

    def end(self, by: signal.Signals) -> None:
        """Send its processes a signal that ends them, and wait."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, by)
            self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Client:
    """One browser's connection, kept open, with one rater's cookie."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._connection = HTTPConnection(HOST, port, timeout=REQUEST_S)
        self._headers = {"Content-Type": "application/json", "Cookie": f"rater={cookie}"}
        self.said = b""

    def close(self) -> None:
        """Close the connection; a further request would open another one."""
        self._connection.close()

    def get(self, path: str) -> int:
        """Status of a page."""
        return self._request("GET", path, None)

    def post(self, path: str, content: dict[str, Any]) -> int:
        """Status of JSON sent."""
        return self._request("POST", path, json.dumps(content).encode())

    def _request(self, method: str, path: str, body: bytes | None) -> int:
        try:
            self._connection.request(method, path, body, self._headers)
            response = self._connection.getresponse()
            self.said = response.read()
        except (OSError, HTTPException):
            self._connection.close()  # the next request opens another one
            raise
        return response.status
