"""Environment of the test run; loaded by pytest (`-p tests.environment`) before Django reads its settings."""

import os
import tempfile

_folder = tempfile.mkdtemp(prefix="daamweb-tests-")

# Everything the settings read, so that a developer's .env cannot lead the tests to real servers. Only
# DATABASE_URL may come from outside: `make services-test` gives PostgreSQL's.
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder}/daamweb.sqlite3")
os.environ |= {
    "SECRET_KEY": "only-for-tests",
    "DEBUG": "False",
    "HTTPS_ONLY": "False",
    "BEHIND_PROXY": "False",
    "TRUSTED_PROXIES": "",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "CSRF_TRUSTED_ORIGINS": "",
    "VAR_FOLDER": _folder,
    "MEDIA_ROOT": f"{_folder}/media",
    "CHECKPOINT_ROOTS": f"generation/demo/checkpoint,{_folder}/checkpoints",
    "S3_BUCKET": "",
    "CELERY_BROKER_URL": "filesystem://localhost",
    "GENERATION_LEASE_SECONDS": "300",
    "SWEEP_SECONDS": "60",
    "LOG_LEVEL": "INFO",
    "HF_HUB_OFFLINE": "1",
    "MPLBACKEND": "Agg",
    "TOKENIZERS_PARALLELISM": "false",
}
