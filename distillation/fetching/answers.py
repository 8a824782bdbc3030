"""Asks an HTTP server for a file, following redirects to http and https only, and only so many."""

import http.client
import re
import ssl
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from srstudy.errors import Failed, Refused

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})


def refuse_bad_address(url: str) -> None:
    """Raises: Refused if `url` is no address of http or https with a host."""
    if trouble := _trouble_with(url):
        raise Refused(f"{url!r} is no address to fetch from: {trouble}.")


def _trouble_with(url: str) -> str | None:
    if not url.isascii() or not url.isprintable() or " " in url:
        return "an address has printable ASCII characters only, others written as %XX"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https"):
        return "it begins with http:// or https://"
    return None if parts.hostname else "it names no host"


class Answer:
    """What a server sent: its status, its headers and, read piece by piece, the body."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self._headers = response.headers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()

    @property
    def called(self) -> str:
        """`404 (Not Found)`"""
        try:
            return f"{self.status} ({HTTPStatus(self.status).phrase})"
        except ValueError:
            return str(self.status)

    @property
    def location(self) -> str | None:
        return self._headers.get("Location")

    @property
    def validator(self) -> str | None:
        """The strong ETag, or else the date; either fits If-Range."""
        etag: str | None = self._headers.get("ETag")
        if etag and not etag.startswith("W/"):
            return etag
        date: str | None = self._headers.get("Last-Modified")
        return date

    def starts_at(self) -> int | None:
        """The first byte of a part, of `Content-Range: bytes 5-9/10`."""
        found = self._range()
        return int(found[1]) if found else None

    def total_bytes(self, start: int) -> int | None:
        """The length of the whole file when this answer begins at `start`; None if it is not said."""
        found = self._range() if self.status == 206 else None
        if found and found[2] != "*":
            return int(found[2])
        length = self._headers.get("Content-Length") or ""
        return start + int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

    def _range(self) -> re.Match[str] | None:
        pattern = r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)"
        return re.fullmatch(pattern, self._headers.get("Content-Range") or "")

    def read(self, most_bytes: int) -> bytes:
        """What has arrived, at least a byte; nothing at the end."""
        return self._response.read1(most_bytes)


def ask(url: str, headers: dict[str, str], *, timeout_s: float) -> Answer:
    """GET `url`, following redirects; the answer may have any other status.

    Raises: Refused for a bad address; Failed for a redirect that leads nowhere it may; OSError and
    HTTPException for what the network does, a certificate's SSLCertVerificationError as itself.
    """
    refuse_bad_address(url)
    at = url
    for _ in range(MOST_REDIRECTS + 1):
        answer = _open(at, headers, timeout_s=timeout_s)
        if answer.status not in REDIRECTS:
            return answer
        with answer:
            at = _next_address(url, at, answer.location)
    raise Failed(f"The address {url} leads on and on: it was given up after {MOST_REDIRECTS} redirects.")


def _next_address(url: str, at: str, location: str | None) -> str:
    if not location:
        raise Failed(f"The address {url} leads on without saying where.")
    try:
        target = urljoin(at, location)
    except ValueError as error:
        raise Failed(f"The address {url} leads on to {location!r}, which is no address: {error}.") from error
    if trouble := _trouble_with(target):
        raise Failed(f"The address {url} leads on to {target!r}, which is not followed: {trouble}.")
    if urlsplit(at).scheme == "https" and urlsplit(target).scheme == "http":
        raise Failed(
            f"The address {url} leads on from https to {target}, which is not followed: it is not encrypted."
        )
    return target


def _open(url: str, headers: dict[str, str], *, timeout_s: float) -> Answer:
    # Put together by hand: urllib's usual opener also reads file:// and ftp://, and follows redirects.
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    request = Request(url, headers={"User-Agent": "srstudy", **headers})  # noqa: S310 - the scheme is checked
    try:
        return Answer(opener.open(request, timeout=timeout_s))
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise error.reason from error
        raise
