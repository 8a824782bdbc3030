"""Kills the server again and again while eight raters send answers, and looks for answers that got lost.

    python benchmarks/faults.py [--databases sqlite postgresql] [--rounds 20] [--postgresql ADDRESS]

gunicorn serves as the project does, on loopback, on a database of its own, removed at the end. A round:
eight connections send answers, each as soon as the one before was stored; after 0.3 to 0.8 s the whole
process group gets SIGKILL; the server is started again (goal: ready within 5 s), and the raters send what
was not acknowledged again, as their page does. In the end every answer that the server acknowledged must be
stored once with its own value, every session must be rated in the order of its trials without a gap, and
nothing else may be stored. Ends with status 1 and a list of what was wrong otherwise.
"""

import argparse
import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import serving

WRITERS = 8
IMAGES = 20
RETRY_S = 0.05
GOAL_READY_S = 5.0


class Stored(NamedTuple):
    """A rating in the database: which trial, where in which session, when, and its score."""

    token: str
    session: int
    position: int
    rated_at: Any
    score: float


class Writer:
    """Sends the answers of some raters, one rater after the other, until told to stop."""

    def __init__(
        self, port: int, invite: str, people: Sequence[serving.Person], stop: threading.Event
    ) -> None:
        self.acknowledged: dict[str, float] = {}
        self.again = 0  # answers that were stored although the kill came before the server said so
        self.failed = 0
        self._port, self._invite, self._people, self._stop = port, invite, people, stop

    def run(self) -> None:
        """Send until there is no answer left, or it is time to stop and nothing is on its way."""
        for person in self._people:
            client = serving.Client(self._port, person.cookie)
            for position, token in enumerate(person.trials):
                if self._stop.is_set():
                    return
                score = random.randrange(1001) / 10  # noqa: S311
                self._deliver(client, token, {"left_score": score, "right_score": 50.0, "kept_ms": position})
                self.acknowledged[token] = score

    def _deliver(self, client: serving.Client, token: str, answer: dict[str, Any]) -> None:
        path, is_repeated = f"{self._invite}trials/{token}/answer", False
        while True:
            try:
                status = client.post(path, serving.ANSWER | answer)
            except (OSError, HTTPException):
                self.failed += 1
                is_repeated = True
                time.sleep(RETRY_S)
                continue
            if status in (200, 201):
                self.again += is_repeated and status == 200
                return
            if status != 503:
                raise RuntimeError(f"an answer was answered {status}: {client.said[:300]!r}")
            time.sleep(RETRY_S)


def wrongs(acknowledged: Mapping[str, float], stored: Sequence[Stored]) -> list[str]:
    """What the database has that it should not have, and what it has not, a sentence each."""
    found = []
    scores: dict[str, list[float]] = {}
    for one in stored:
        scores.setdefault(one.token, []).append(one.score)
    for token, score in acknowledged.items():
        if token not in scores:
            found.append(f"The answer to {token} was acknowledged and is not stored.")
        elif scores[token] != [score]:
            found.append(f"The answer to {token} was {score}, and stored is {scores[token]}.")
    unasked = scores.keys() - acknowledged.keys()
    found += [f"The answer to {token} is stored and was never acknowledged." for token in unasked]
    sessions: dict[int, list[Stored]] = {}
    for one in sorted(stored, key=lambda one: (one.session, one.position)):
        sessions.setdefault(one.session, []).append(one)
    for session, rated in sessions.items():
        if [one.position for one in rated] != list(range(1, len(rated) + 1)):
            found.append(f"Session {session} has gaps or doubles: {[one.position for one in rated]}.")
        if any(later.rated_at < earlier.rated_at for earlier, later in pairwise(rated)):
            found.append(f"Session {session} was not rated in the order of its trials.")
    return found


def stored_ratings() -> list[Stored]:
    """All ratings, with the score that was sent for the left side."""
    from ratings.models import Rating

    rows = Rating.objects.order_by("pk").values_list(
        "trial__token",
        "trial__session",
        "trial__position",
        "rated_at",
        "trial__reference_side",
        "reference_score",
        "test_score",
    )
    return [Stored(*first, reference if side == "left" else test) for *first, side, reference, test in rows]


def run_rounds(
    server: serving.Server, invite: str, people: Sequence[serving.Person], rounds: int
) -> list[str]:
    """Kill and start the server so often; answers what was wrong."""
    stop = threading.Event()
    writers = [Writer(server.port, invite, people[number::WRITERS], stop) for number in range(WRITERS)]
    server.start()
    ready = []
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(writer.run) for writer in writers]
        try:
            for _ in range(rounds):
                time.sleep(random.uniform(0.3, 0.8))  # noqa: S311
                if any(one.done() for one in running):
                    break
                server.kill()
                ready.append(server.start())
        finally:
            stop.set()
        for one in running:
            one.result()
    server.kill()
    acknowledged = {token: score for writer in writers for token, score in writer.acknowledged.items()}
    found = wrongs(acknowledged, stored_ratings())
    print(
        f"  {len(ready)} kills amid {WRITERS} writers: {len(acknowledged)} answers acknowledged, "
        f"{len(found)} wrong; {sum(writer.failed for writer in writers)} requests failed, of which "
        f"{sum(writer.again for writer in writers)} had been stored; ready again after "
        f"{sorted(ready)[len(ready) // 2] if ready else 0:.1f} s, at most {max(ready, default=0):.1f} s "
        f"(goal: {GOAL_READY_S:.0f} s)",
        flush=True,
    )
    if len(ready) < rounds:
        found.append(f"The raters were done after {len(ready)} kills of {rounds}: there were too few trials.")
    return found


def measure(database: str, arguments: argparse.Namespace) -> list[str]:
    """All rounds on one database; answers what was wrong."""
    with serving.surroundings(database, arguments.postgresql) as environment:
        serving.set_up_django(environment)
        from django.db import connection

        from ratings import invites

        study = serving.make_study(IMAGES)
        people = serving.join(study, WRITERS * arguments.raters)
        print(f"{database}:", flush=True)
        server = serving.Server(environment)
        try:
            found = run_rounds(server, invites.invite_path(study), people, arguments.rounds)
        finally:
            server.kill()
        if database == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA integrity_check")
                found += [f"SQLite finds: {said}." for (said,) in cursor.fetchall() if said != "ok"]
        connection.close()
        return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--databases", nargs="+", choices=serving.DATABASES, default=list(serving.DATABASES))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--raters", type=int, default=12, help="that one connection sends the answers of")
    parser.add_argument("--postgresql", default=serving.POSTGRESQL, help="a server for a temporary database")
    arguments = parser.parse_args()
    if len(arguments.databases) > 1:  # Django knows one database a process
        command = [sys.executable, __file__, *sys.argv[1:], "--databases"]
        sys.exit(max(subprocess.run([*command, one], check=False).returncode for one in arguments.databases))
    found = measure(arguments.databases[0], arguments)
    for sentence in found[:20]:
        print(f"  {sentence}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
