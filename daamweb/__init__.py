from daamweb.celery import app as celery_app
from daamweb.version import code_version

# The only place: pyproject.toml reads it here, and a release is tagged v and this.
__version__ = "0.3.0"
# Read when the process starts: what is checked out later is not what runs.
CODE_VERSION = code_version(__version__)

__all__ = ["CODE_VERSION", "__version__", "celery_app"]
