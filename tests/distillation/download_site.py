"""A small HTTP server for tests of downloads, with the troubles that they ask for, and archives to serve."""

import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """What the server answers: files by path, and the troubles of the next requests, in their order."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.statuses: list[int] = []
        self.breaks: list[int] = []
        self.ranges, self.etag, self.length = True, '"1"', True
        self.off_by = 0  # what a part begins later than was asked for
        self.stall: threading.Event | None = None
        self.asked: list[tuple[str | None, str | None]] = []
        self.root = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted, condition = handler.headers["Range"], handler.headers["If-Range"]
        self.asked.append((wanted, condition))
        status = self.statuses.pop(0) if self.statuses else 200
        body = self.files.get(handler.path, b"")
        if handler.path in self.redirects:
            status = 302
        elif status == 200 and handler.path not in self.files:
            status = 404
        start = 0
        if status == 200 and wanted and self.ranges and condition in (None, self.etag):
            start = int(re.findall(r"\d+", wanted)[0]) + self.off_by
            status = 206 if start < len(body) else 416
        handler.send_response(status)
        if handler.path in self.redirects:
            handler.send_header("Location", self.redirects[handler.path])
        if self.etag:
            handler.send_header("ETag", self.etag)
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        body = body[start:] if status in (200, 206) else b""
        if self.length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: self.breaks.pop(0)] if self.breaks else body)
        handler.wfile.flush()
        if self.stall:
            self.stall.wait(5)


@contextmanager
def serving() -> Iterator[Site]:
    """A site on a free port of this machine, for as long as the test runs."""
    here = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.answer(self)

        def log_message(self, *ignored: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here.root = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield here
        finally:
            server.shutdown()
            thread.join()


def tarred(files: dict[str, bytes], mode: str = "w:gz", **odd: tarfile.TarInfo) -> bytes:
    """A tar of these files and of entries made by hand."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in odd.values():
            archive.addfile(info)
    return buffer.getvalue()


def zipped(files: dict[str, bytes], **attributes: int) -> bytes:
    """A zip of these files, with the Unix mode of some."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes.get(name, 0o644) << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
