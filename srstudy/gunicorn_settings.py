"""How the project is served: one process, so that SQLite's write-ahead log has one owner, with threads."""

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
