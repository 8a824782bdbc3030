"""How the project is served: one process, so that SQLite's write-ahead log has one owner, with threads."""

from typing import Any

from srstudy.logs import MaskTokens

workers = 1
threads = 8
worker_class = "gthread"
timeout = 60
graceful_timeout = 5
# No access log: a rater's address holds their invite.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def on_starting(server: Any) -> None:
    """A request that ends in an error is logged with its address: mask the tokens in it."""
    server.log.error_log.addFilter(MaskTokens())
