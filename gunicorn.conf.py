"""How gunicorn serves the site, wherever it is started in this folder (Procfile, docker-compose.yml).

They say themselves which address it is bound to, and how many processes and threads it has. What a proxy in
front has to add is in docs/proxy.md.
"""

import gc

# For gunicorn's own files; the site's settings say the same for the site's.
umask = 0o077

# Reads requests before a thread is given to them, so that slow clients hold none.
worker_class = "daamweb.door.gunicorn_worker.PatientWorker"
# Sockets of one process; each may hold 288 KiB of a request that is coming in.
worker_connections = 512
keepalive = 5

# A filtered list of the admin has a long address; cookies and a referrer make up most of the rest.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# Whom the site believes about who is asking, and how, is in its own settings (BEHIND_PROXY).
forwarded_allow_ips = ""

# What is being answered when the site is stopped may go on for so many seconds.
graceful_timeout = 30
# Nobody asks the server anything through a file.
control_socket_disable = True


def post_worker_init(worker: object) -> None:
    """What is loaded by now stays loaded: to look through all of it for garbage takes 0.2 seconds, in which
    nobody is answered."""
    gc.collect()
    gc.freeze()
