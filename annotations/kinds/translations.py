"""What kinds say in other languages than English: one file a language in a kind's folder `translations`."""

import tomllib
from pathlib import Path

from annotations.kinds.interface import Texts, Translation


def load_translations(folder: Path) -> dict[str, Translation]:
    """By language, of the files `<language>.toml`."""
    return {path.stem: _load(path) for path in sorted(folder.glob("*.toml"))}


def _load(path: Path) -> Translation:
    said = tomllib.loads(path.read_text("utf-8"))
    texts = Texts(**{name: said[name].strip() for name in ("title", "consent", "instructions")})
    return Translation(texts, said["wordings"], said.get("scale", ""), said["reviewed_by"])
