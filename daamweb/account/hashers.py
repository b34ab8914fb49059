"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id by the smallest of OWASP's recommendations: 19 MiB and one thread for one password, since a
    site with 16 threads may be asked for 16 at once. Django's own settings take 100 MiB and eight threads."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
