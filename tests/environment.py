"""Environment of the test run; loaded by pytest (`-p tests.environment`) before Django reads its settings."""

import os
import tempfile

_folder = tempfile.mkdtemp(prefix="daamweb-tests-")

os.environ["SECRET_KEY"] = "only-for-tests"
os.environ["DEBUG"] = "False"
os.environ["HTTPS_ONLY"] = "False"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["VAR_FOLDER"] = _folder
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")
