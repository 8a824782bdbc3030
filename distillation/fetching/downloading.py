"""Downloads one file over HTTP so that it arrives whole: resumed after a break, bounded, its sum checked."""

import hashlib
import http.client
import json
import shutil
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.error import URLError
from urllib.parse import urlsplit

from distillation.fetching.answers import Answer, ask
from srstudy.errors import Failed, as_sentence
from srstudy.progress import Progress, human_time

CHUNK_BYTES = 1 << 18
A_STEP_FORWARD_BYTES = 1 << 20
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
KEPT = "what arrived is kept, and the same command goes on from there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a silent server, and how often to try again after a passing trouble.

    The pause doubles from try to try; a try that brought a mebibyte more makes the count begin anew.
    """

    timeout_s: float = 30.0
    tries: int = 5
    pause_s: float = 1.0


class _Passing(Exception):
    """A trouble that may be gone when one tries again."""


def human_bytes(count: int) -> str:
    """`812 bytes`, `3.5 MB`, `3.53 GB`."""
    if count < 1000:
        return f"{count} bytes"
    if count < 1000**2:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1000**2:.1f} MB" if count < 1000**3 else f"{count / 1000**3:.2f} GB"


def partial_of(target: Path) -> Path:
    """Where a file lies while it arrives."""
    return target.with_name(f"{target.name}.partial")


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None,
    size_bytes: int | None,
    cap_bytes: int,
    progress: Progress,
    say: Callable[[str], object] = lambda sentence: None,
    patience: Patience | None = None,
) -> None:
    """Fetch `url` to `target`, going on from `target`.partial where there is one.

    Raises: Refused for an address that is not http or https; Failed if the file cannot be had, is not
    `size_bytes` long, exceeds `cap_bytes` or has another sum. Only a wrong sum removes what arrived.
    """
    transfer = _Transfer(url, target, sha256, size_bytes, cap_bytes, progress)
    transfer.run(patience or Patience(), say)
    check_sum(transfer.partial, sha256, transfer.called)
    transfer.partial.replace(target)
    transfer.note.unlink(missing_ok=True)


def check_sum(path: Path, sha256: str | None, called: str) -> None:
    """Raises: Failed, naming both sums, if the file's is another; the file is removed then."""
    if sha256 is None:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        path.unlink()
        raise Failed(
            f"{called} has the SHA-256 {found} and not {sha256}: it is another file or was damaged on its "
            "way, and was removed."
        )


def refuse_full_disk(folder: Path, needed_bytes: int, purpose: str) -> None:
    """Raises: Failed if the disk of `folder` has no room for `needed_bytes`."""
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise Failed(
            f"The disk of {folder} has {human_bytes(free)} free and {purpose} needs "
            f"{human_bytes(needed_bytes)}: free some space; {KEPT}."
        )


class _Transfer:
    """One file on its way: what is here already, and the tries to get the rest."""

    def __init__(
        self,
        url: str,
        target: Path,
        sha256: str | None,
        size_bytes: int | None,
        cap_bytes: int,
        progress: Progress,
    ) -> None:
        self.url, self._has_sum, self._size, self._cap = url, sha256 is not None, size_bytes, cap_bytes
        self.called = f"The file {url}"
        self._progress = progress
        self.partial = partial_of(target)
        self.note = self.partial.with_name(f"{self.partial.name}.json")
        self._host = urlsplit(url).hostname or url

    def run(self, patience: Patience, say: Callable[[str], object]) -> None:
        """Try until the file is here, a trouble is no passing one, or patience is out."""
        tries, furthest = 0, self._have()
        while not (self._size is not None and self._have() == self._size):
            try:
                self._receive(patience.timeout_s)
                return
            except _Passing as trouble:
                tries = 1 if self._have() >= furthest + A_STEP_FORWARD_BYTES else tries + 1
                furthest = max(furthest, self._have())
                if tries >= patience.tries:
                    then = KEPT if furthest else "nothing arrived, so try again later"
                    raise Failed(f"{self.called} could not be fetched: {trouble}; {then}.") from trouble
                pause_s = patience.pause_s * 2 ** (tries - 1)
                say(as_sentence(f"{trouble}; trying again in {human_time(pause_s)}"))
                time.sleep(pause_s)

    def _have(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    def _receive(self, timeout_s: float) -> None:
        have = self._have()
        validator = self._validator()
        if have > (self._cap if self._size is None else self._size) or not (validator or self._has_sum):
            have = 0  # what is here cannot be the beginning of the file, or nothing says whether it is
        headers = {"Range": f"bytes={have}-"} if have else {}
        if have and validator:
            headers["If-Range"] = validator
        try:
            answer = ask(self.url, headers, timeout_s=timeout_s)
        except ssl.SSLCertVerificationError as error:
            raise Failed(f"{self._host} does not prove who it is: {error.verify_message}.") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Passing(_reason(error)) from error
        with answer:
            start = self._start(answer, have)
            total = answer.total_bytes(start)
            self._refuse_wrong_length(total)
            total = self._size if total is None else total
            refuse_full_disk(self.partial.parent, (total or start) - start, self.partial.stem)
            self._write_note(answer.validator)
            with self.partial.open("ab" if start else "wb") as file:
                self._copy(answer, file, start, total)

    def _start(self, answer: Answer, have: int) -> int:
        """Where in the file this answer begins: at `have`, or at 0 where the server sends all of it."""
        if answer.status == 200:
            return 0
        if answer.status == 206 and answer.starts_at() == have:
            return have
        if answer.status in (206, 416):
            self.partial.unlink(missing_ok=True)
            raise _Passing(f"{self._host} cannot go on from byte {have}")
        if answer.status in PASSING_STATUSES:
            raise _Passing(f"{self._host} answers {answer.called}")
        raise Failed(
            f"{self.called} cannot be had: {self._host} answers {answer.called}; if the file has moved, give "
            "the address of a copy with --url."
        )

    def _refuse_wrong_length(self, total: int | None) -> None:
        if total is not None and self._size is not None and total != self._size:
            raise Failed(f"{self.called} is {total} bytes long and not {self._size}: it is another file.")
        if total is not None and total > self._cap:
            raise Failed(
                f"{self.called} is {human_bytes(total)} long; at most {human_bytes(self._cap)} are fetched."
            )

    def _copy(self, answer: Answer, file: BinaryIO, start: int, total: int | None) -> None:
        done, began = start, time.monotonic()
        while True:
            try:
                chunk = answer.read(CHUNK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise _Passing(_reason(error)) from error
            if not chunk:
                break
            done += len(chunk)
            if done > (total or self._cap):
                raise Failed(f"{self.called} goes on after the {total or self._cap} bytes it may have.")
            file.write(chunk)
            if total:
                left_s = (time.monotonic() - began) * (total - done) / (done - start)
                detail = f"{human_bytes(done)} of {human_bytes(total)}"
                self._progress.update(done, total, detail, seconds_left=left_s)
        if total is not None and done < total:
            raise _Passing(f"the connection broke off after {done} of {total} bytes")

    def _validator(self) -> str | None:
        """What If-Range may say: the mark that this very address gave the beginning that is here."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            mark = note["validator"] if note["url"] == self.url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return mark if isinstance(mark, str) else None

    def _write_note(self, validator: str | None) -> None:
        note = {"url": self.url, "validator": validator}
        self.note.write_text(json.dumps(note), encoding="utf-8")


def _reason(error: Exception) -> str:
    """A network error in a few words."""
    inner = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if isinstance(inner, TimeoutError):
        return "the server fell silent"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return str(inner) or type(inner).__name__
