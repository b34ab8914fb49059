"""What the structure promises, beyond the import-linter contracts of pyproject.toml."""

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def modules_after(code: str) -> set[str]:
    program = f"{code}\nimport sys; print(' '.join(sys.modules))"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "daamweb.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=TOP, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_site_never_imports_torch():
    loaded = modules_after(
        "import django; django.setup(); import daamweb.urls, daamweb.wsgi, daamweb.work.sweeps, "
        "generation.jobs, annotations.jobs, evaluation.jobs"
    )
    assert "annotations.views.annotators" in loaded
    assert not loaded & {"torch", "diffusers", "transformers", "spacy"}


def test_the_sources_name_nothing_of_shared_data():
    """`../shared/data` is never needed at run time."""
    packages = ("daamweb", "generation", "annotations", "evaluation")
    sources = [path for package in packages for path in (TOP / package).rglob("*.py")]
    assert len(sources) > 50
    assert [path for path in sources if "shared/data" in path.read_text(encoding="utf-8")] == []
