"""How many answers a second the server stores, beside bare inserts, and how long raters wait for it.

    python benchmarks/submissions.py [--databases sqlite postgresql] [--rounds 5] [--postgresql ADDRESS]

gunicorn serves as the project does, one process with eight threads, on loopback, on a database of its own
that is removed at the end. Over 16 connections come three answers each, to trials that their pages have asked
for, then as many bodies of the same length to a view that does one INSERT behind the same middleware, and so
on in turns: printed is the ratio (goal: 0.6), its median and spread over the rounds; and once more for trials
of which the server remembers nothing, as after a restart. Then 20 answers a second arrive for 20 s whether or
not those before are done (goal: p99 under 50 ms), first alone and then each with what its page asks for
beside it: the trials that come next and two pictures. Then 50 people open their invitation and agree within
one second.
"""

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import serving

IMAGES = 10
CONNECTIONS = 16
AT_A_TIME = 3  # trials that a page is given at once
GOAL_RATIO = 0.6
GOAL_P99_MS = 50
KEY = {"sqlite": "integer PRIMARY KEY AUTOINCREMENT", "postgresql": "bigserial PRIMARY KEY"}


def answer(number: int) -> dict[str, Any]:
    """An answer as the page sends it."""
    return {"left_score": number % 1001 / 10, "right_score": 50.0} | serving.ANSWER


def expect(status: int, right: int, client: serving.Client) -> None:
    if status != right:
        sys.exit(f"The server answered {status} and not {right}: {client.said[:300].decode()}")


def seconds_of(pool: ThreadPoolExecutor, work: Sequence[Callable[[], None]]) -> float:
    """Seconds until all of it is done, a thread for each."""
    began = time.perf_counter()
    for done in [pool.submit(one) for one in work]:
        done.result()
    return time.perf_counter() - began


def one_round(port: int, invite: str, study: Any, *, ask_first: bool) -> tuple[int, float, float]:
    """Everybody answers all their trials: how many, the seconds of the answers, those of bare inserts.

    A few answers of everybody and as many bare inserts take turns. With `ask_first` everybody asks for the
    trials before they answer them, as the page does.
    """
    people = serving.join(study, CONNECTIONS)
    clients = [serving.Client(port, person.cookie) for person in people]
    spent = [0.0, 0.0]

    def rate(who: int, some: slice) -> None:
        for token in people[who].trials[some]:
            status = clients[who].post(f"{invite}trials/{token}/answer", answer(who))
            expect(status, 201, clients[who])

    def insert(who: int, some: slice) -> None:
        for _ in people[who].trials[some]:
            expect(clients[who].post("/bare", answer(who)), 201, clients[who])

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for begin in range(0, len(people[0].trials), AT_A_TIME):
            some = slice(begin, begin + AT_A_TIME)
            for client in clients if ask_first else []:
                expect(client.get(f"{invite}upcoming"), 200, client)
            for kind, work in ((0, rate), (1, insert)) if begin % 2 else ((1, insert), (0, rate)):
                tasks = [partial(work, who, some) for who in range(CONNECTIONS)]
                spent[kind] += seconds_of(pool, tasks)
    return sum(len(person.trials) for person in people), *spent


def measure_ratio(port: int, invite: str, study: Any, rounds: int, *, ask_first: bool) -> None:
    """Answers beside bare inserts in turns."""
    one_round(port, invite, study, ask_first=ask_first)  # warms up
    all_rounds = [one_round(port, invite, study, ask_first=ask_first) for _ in range(rounds)]
    ratios = [bare_s / answers_s for _count, answers_s, bare_s in all_rounds]
    answers, bare = (statistics.median(one[0] / one[which] for one in all_rounds) for which in (1, 2))
    what = "answers" if ask_first else "answers to trials that the server has forgotten"
    print(
        f"  {what} {answers:.0f}/s, bare inserts {bare:.0f}/s; ratio {statistics.median(ratios):.2f} "
        f"(goal {GOAL_RATIO}), {min(ratios):.2f} to {max(ratios):.2f} over {rounds} rounds",
        flush=True,
    )


def on_schedule(tasks: Sequence[Callable[[], None]], a_second: float) -> list[float]:
    """Begin a task every 1/a_second, late or not; answers the milliseconds from when each was due."""
    took = [0.0] * len(tasks)
    began = time.perf_counter() + 0.1

    def run(number: int) -> None:
        tasks[number]()
        took[number] = (time.perf_counter() - began - number / a_second) * 1000

    with ThreadPoolExecutor(64) as pool:
        running = []
        for number in range(len(tasks)):
            time.sleep(max(0.0, began + number / a_second - time.perf_counter()))
            running.append(pool.submit(run, number))
        for one in running:
            one.result()
    return took


def say_times(what: str, took: Sequence[float], goal: str = "") -> None:
    p50, p99 = (sorted(took)[int(len(took) * share)] for share in (0.5, 0.99))
    print(f"  {what}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {max(took):.0f} ms{goal}", flush=True)


def measure_steady(port: int, invite: str, study: Any, seconds: int, a_second: int) -> None:
    """Answers at a steady pace, each rater's one after the other; then the page's other requests too."""
    numbers = range(a_second * seconds)
    what = f"{a_second} answers a second for {seconds} s"
    rate = steady_raters(port, invite, study, a_second)
    took = on_schedule([lambda number=number: rate(number, False) for number in numbers], a_second)
    say_times(what, took, f" (goal: p99 under {GOAL_P99_MS} ms)")
    rate = steady_raters(port, invite, study, a_second)
    answered: list[float] = []
    on_schedule([lambda number=number: answered.append(rate(number, True)) for number in numbers], a_second)
    say_times(f"{what}, each with the trials ahead and two pictures", answered)


def steady_raters(port: int, invite: str, study: Any, a_second: int) -> Callable[[int, bool], float]:
    """Raters who each answer every five seconds: a call sends the next answer, and says its milliseconds."""
    people = serving.join(study, a_second * 5)
    clients = [serving.Client(port, person.cookie) for person in people]

    def rate(number: int, with_page: bool) -> float:
        turn, who = divmod(number, len(people))
        client = clients[who]
        began = time.perf_counter()
        status = client.post(f"{invite}trials/{people[who].trials[turn]}/answer", answer(number))
        took_ms = (time.perf_counter() - began) * 1000
        expect(status, 201, client)
        if with_page:
            expect(client.get(f"{invite}upcoming"), 200, client)
            for source in re.findall(r'"src":"([^"]+)"', client.said.decode())[:2]:
                expect(client.get(source), 200, client)
        client.close()  # five seconds later the server would have done so
        return took_ms

    return rate


def arrive(port: int, invite: str) -> None:
    """Open the invitation and agree, as a browser does that has never been here."""
    connection = HTTPConnection(serving.HOST, port, timeout=serving.REQUEST_S)
    connection.request("GET", invite)
    response = connection.getresponse()
    page, cookie = response.read().decode(), response.getheader("Set-Cookie", "").split(";")[0]
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken|nonce|consent_version)" value="([^"]+)"', page))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    connection.request("POST", invite, urlencode(fields | {"agree": "yes"}), headers)
    response = connection.getresponse()
    said = response.read()
    if response.status != 302:
        sys.exit(f"Agreeing was answered {response.status}: {said[:300].decode()}")
    connection.close()


def measure_joining(port: int, invite: str, study: Any, people: int) -> None:
    """So many people open the link and agree within a second."""
    before = study.raters.count()
    took = on_schedule([lambda: arrive(port, invite)] * people, a_second=people)
    if study.raters.count() - before != people:
        sys.exit(f"{people} people agreed, and {study.raters.count() - before} raters were stored.")
    say_times(f"{people} people join within a second, from the link to having agreed", took)


def measure(database: str, arguments: argparse.Namespace) -> None:
    """Everything on one database."""
    with serving.surroundings(database, arguments.postgresql) as environment:
        serving.set_up_django(environment)
        from django.db import connection

        from ratings import invites

        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bare_insert (id {KEY[database]}, body text NOT NULL)")
        study = serving.make_study(IMAGES)
        invite = invites.invite_path(study)
        print(f"{database}:", flush=True)
        with serving.Server(environment, "benchmarks.bare_insert") as server:
            for ask_first in (True, False):
                measure_ratio(server.port, invite, study, arguments.rounds, ask_first=ask_first)
            measure_steady(server.port, invite, study, arguments.seconds, 20)
            measure_joining(server.port, invite, study, 50)
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--databases", nargs="+", choices=serving.DATABASES, default=list(serving.DATABASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--postgresql", default=serving.POSTGRESQL, help="a server for a temporary database")
    arguments = parser.parse_args()
    if len(arguments.databases) > 1:  # Django knows one database a process
        command = [sys.executable, __file__, *sys.argv[1:], "--databases"]
        sys.exit(max(subprocess.run([*command, one], check=False).returncode for one in arguments.databases))
    measure(arguments.databases[0], arguments)


if __name__ == "__main__":
    main()
