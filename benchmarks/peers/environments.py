"""A virtual environment for each site, made once and kept: none of it belongs into the project's own."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.interface import Peer

KEPT_IN = Path(tempfile.gettempdir(), "peers")


def commands_of(peer: Peer) -> Path:
    """The folder with the site's programs. What an installation that failed left behind does not count."""
    environment = KEPT_IN / f"{peer.name}-{peer.version}"
    commands, ready = environment / "bin", environment / "ready"
    if not ready.exists():
        print(f"Installing {' '.join(peer.requirements)} into {environment} …", file=sys.stderr)
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([commands / "pip", "install", "--quiet", *peer.requirements], check=True)
        ready.touch()
    return commands
