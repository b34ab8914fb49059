"""What has to be true in the end, read from the rows and files."""

import hashlib
import json
from collections import Counter
from pathlib import Path

from benchmarks.faults.demo import Demo

FINISHED = ("done", "succeeded")
MOST_ATTEMPTS = 3
IMAGES = """
    SELECT state, attempts, error, image, image_sha256, heat_maps, heat_maps_sha256 FROM generation_generation
"""


def images_left(demo: Demo) -> int:
    states = Counter(state for state, *_ in demo.rows(IMAGES))
    return sum(count for state, count in states.items() if state not in FINISHED)


def judge_images(demo: Demo) -> dict[str, object]:
    """Every image once: done, its two files there and as they were written, and no other file."""
    rows = demo.rows(IMAGES)
    media = demo.var / "media"
    files = [(name, checksum) for row in rows for name, checksum in (row[3:5], row[5:7]) if name]
    folders = {str(Path(name).parents[-2]) for name, _ in files}
    there = {
        str(path.relative_to(media))
        for folder in folders
        for path in (media / folder).rglob("*")
        if path.is_file() and path.suffix in {Path(name).suffix for name, _ in files}
    }
    named = [name for name, _ in files]
    return {
        "images": len(rows),
        "states": json.dumps(Counter(row[0] for row in rows)),
        "unfinished": sum(row[0] not in FINISHED for row in rows),
        "attempts": json.dumps(dict(sorted(Counter(row[1] for row in rows).items()))),
        "attempts_beyond": sum(row[1] > MOST_ATTEMPTS for row in rows),
        "errors": json.dumps(sorted({row[2] for row in rows if row[2]})),
        "files_missing": len(set(named) - there),
        "files_twice": len(named) - len(set(named)),
        "files_unnamed": len(there - set(named)),
        "files_changed": sum(
            hashlib.sha256((media / name).read_bytes()).hexdigest() != checksum
            for name, checksum in files
            if name in there
        ),
        "pairs_missing": sum(not (row[3] and row[5]) for row in rows),
    }
