"""Settings of daamweb, driven by the environment (and by a `.env` file at the top, which `make demo` writes).

Secure unless told otherwise: no secret key is built in, DEBUG is off, and cookies travel over HTTPS only.
"""

import os
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from kombu.entity import Exchange, Queue

from daamweb.queues import (
    EVERYTHING_ELSE,
    FILES,
    KNOWN,
    ONE_MORE_TRY,
    QUEUES,
    ROUTES,
    TIME_OUT,
    BrokerAddressError,
    broker_at,
    sweep,
)

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- Security
SECRET_KEY = env("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. `make demo` writes one into .env; elsewhere set it in the environment to "
        "what this prints: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Off only where the site is reached over plain HTTP on one's own machine, as in the demo.
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=True)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
# The networks that proxies connect from; X-Forwarded-For is believed as far as they wrote it.
try:
    TRUSTED_PROXIES = [ip_network(each.strip()) for each in env.list("TRUSTED_PROXIES", default=[])]
except ValueError as error:
    raise ImproperlyConfigured(
        f"TRUSTED_PROXIES has to be networks with commas between, such as 10.0.0.0/8,::1/128: {error}."
    ) from error
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
# Browsers then insist on HTTPS at every host below this one's name, too.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY and env.bool("HSTS_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = SECURE_HSTS_INCLUDE_SUBDOMAINS
# A cookie of such a name comes from this host alone, not from one beside it, and over HTTPS.
_HOST_ONLY = "__Host-" if HTTPS_ONLY else ""
SESSION_COOKIE_NAME = f"{_HOST_ONLY}sessionid"
SESSION_COOKIE_SECURE = HTTPS_ONLY
SESSION_ENGINE = "daamweb.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60  # a day at the desk; ASVS 3.3.2 allows no more
CSRF_COOKIE_NAME = f"{_HOST_ONLY}csrftoken"
CSRF_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the form that they send
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- What a request may bring; views that take files declare more (daamweb.door.bodies.takes_files)
# The longest form is that of a study's texts: 262,000 letters, or 29,000 in a script whose letters take nine
# bytes each. gunicorn's worker keeps as much (daamweb/door/gunicorn_worker.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# A list of the admin has at most 100 rows, each with a box to tick; a task a box for each object of its list.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 1
# No view takes more, so that nothing is written to disk by being sent.
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# --- Application
INSTALLED_APPS = [
    "daamweb.apps.SiteConfig",  # Django's admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "daamweb.projects",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "daamweb.door",
    "daamweb.account",  # behind django_otp, whose pages in the admin it takes back
    "generation",
    "annotations",
    "evaluation",
]
MIDDLEWARE = [
    "daamweb.headers.add_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before everything that answers with a page. It looks at an address and a header, whatever they are.
    "daamweb.languages.speak_to_visitors",
    # Before everything else that looks at what was sent, or may answer with a page that does.
    "daamweb.door.bodies.BodyLimits",
    "daamweb.door.texts.WellFormedTexts",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "daamweb.door.methods.word_refused_methods",
]
ROOT_URLCONF = "daamweb.urls"
WSGI_APPLICATION = "daamweb.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # A kind of task brings its templates in its folder.
        "DIRS": [BASE_DIR / "templates", *sorted(BASE_DIR.glob("annotations/kinds/*/templates"))],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"links": "daamweb.links", "work": "daamweb.waiting.tags"},
        },
    },
]
LOGIN_URL = "admin:login"
LANGUAGE_CODE = "en"
# What annotators' pages say; researchers' are English.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Who gets in
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # whether somebody may try at all
    "daamweb.account.backend.PasswordAndCodeBackend",
    "daamweb.projects.backend.MembersBackend",  # rights; lets nobody in
]
PASSWORD_HASHERS = [
    "daamweb.account.hashers.PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of accounts that 0.2 made, until they log in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "daamweb.account.validators.MaximumLengthValidator"},
    {"NAME": "daamweb.account.validators.CommonCoreValidator"},
]
AXES_HANDLER = "daamweb.door.logins.Handler"
AXES_LOCKOUT_CALLABLE = "daamweb.door.logins.come_later"
AXES_CLIENT_IP_CALLABLE = "daamweb.door.addresses.client_address"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "daamweb"  # as an app calls the account
OTP_TOTP_SYNC = False  # a code is taken 30 seconds early or late, and no clock's drift is followed further

# --- What is written: database, files, messages
# Every process of the site reads this before it writes anything, so that its files are its user's alone.
os.umask(0o077)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
VAR_FOLDER = Path(env("VAR_FOLDER", default=str(BASE_DIR / "var")))
VAR_FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_FOLDER / 'daamweb.sqlite3'}")}
# A thread keeps its connection: a new one costs as much as a rating. One that the server has ended is noticed
# when the next request begins. docs/proxy.md says what PgBouncer needs.
DATABASES["default"].setdefault("CONN_MAX_AGE", 600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "daamweb.postgresql"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction takes the write lock when it begins, so two writers wait for each other instead
    # of failing half-way; WAL: readers never wait for a writer; FULL: an acknowledged answer survives
    # a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }

STATIC_URL = "static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_ROOT = VAR_FOLDER / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(VAR_FOLDER / "media")))
STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
if S3_BUCKET := env("S3_BUCKET", default=""):
    # Credentials and region come from the environment as boto3 reads them (AWS_ACCESS_KEY_ID, …).
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env("S3_ENDPOINT_URL", default=None),
            # No file is ever replaced by another one; browsers keep what they were sent.
            "object_parameters": {"CacheControl": "private, max-age=31536000, immutable"},
        },
    }

try:
    CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT, CELERY_BROKER_TRANSPORT_OPTIONS = broker_at(
        env("CELERY_BROKER_URL", default=f"{FILES}://localhost"), folder=VAR_FOLDER / "broker"
    )
except BrokerAddressError as error:
    raise ImproperlyConfigured(
        f"CELERY_BROKER_URL is not the address of a broker: {error} It can be {KNOWN}; without it, the site "
        "takes the broker of files, which needs no server."
    ) from error
CELERY_BROKER_CONNECTION_TIMEOUT = TIME_OUT
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # workers and beat look for a lost broker until it is back
CELERY_TASK_PUBLISH_RETRY_POLICY = ONE_MORE_TRY
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = EVERYTHING_ELSE
CELERY_TASK_ROUTES = ROUTES
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # a worker's log is written as the site's
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "daamweb.beat:Scheduler"
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=60)
if SWEEP_SECONDS < 1:
    raise ImproperlyConfigured("SWEEP_SECONDS has to be 1 or more; 60 is once a minute.")
# In this order: what others wait for comes before what may take long.
CELERY_BEAT_SCHEDULE = {
    "sweep-work": sweep("daamweb.work.jobs.sweep_work", SWEEP_SECONDS),
    "sweep-studies": sweep("annotations.jobs.sweep_studies", SWEEP_SECONDS),
    "sweep-identities": sweep("annotations.jobs.sweep_identities", 60 * SWEEP_SECONDS),
    "sweep-limits": sweep("daamweb.door.jobs.sweep_limits", 60 * SWEEP_SECONDS),
    "sweep-sessions": sweep("daamweb.account.jobs.sweep_sessions", 60 * SWEEP_SECONDS),
    "sweep-results": sweep("evaluation.jobs.sweep_results", 60 * SWEEP_SECONDS),
}

# --- daamweb
# Checkpoints that are folders lie below these, links followed; the site and its workers open no others.
_ROOTS = ["generation/demo/checkpoint", str(VAR_FOLDER / "checkpoints")]
_named = [folder.strip() for folder in env.list("CHECKPOINT_ROOTS", default=_ROOTS)]
CHECKPOINT_ROOTS = [BASE_DIR / folder for folder in _named if folder]
# A worker that has not reported for this long is taken for dead, and its generations go to another one. What
# ends in an hour or later was written by a clock that was wrong (daamweb.work.models.LONGEST_LEASE).
GENERATION_LEASE = timedelta(seconds=env.int("GENERATION_LEASE_SECONDS", default=300))
if not timedelta(0) < GENERATION_LEASE < timedelta(hours=1):
    raise ImproperlyConfigured("GENERATION_LEASE_SECONDS has to be from 1 to 3599.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "daamweb.logs.LineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    # Libraries that tell the log about every font and glyph.
    "loggers": {name: {"level": "WARNING"} for name in ("matplotlib", "fontTools")},
}
