"""Potato (https://github.com/davidjurgens/potato): one process with its state in memory and in files.

It writes all that an annotator ever did into a file of theirs for every answer, and waits for the disk.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.peers.browser import Browser
from benchmarks.peers.interface import Running, Setting, Study
from benchmarks.peers.servers import free_port, serving

THREADS = 8
QUESTION = "quality"


class Potato:
    name = "potato"
    version = "2.12.1"
    requirements: Sequence[str] = (f"potato-annotation=={version}", "gunicorn==27.0.1")

    @contextmanager
    def run(self, study: Study, setting: Setting) -> Iterator[Running]:
        port, folder = free_port(), setting.folder
        items = [
            {"id": f"item-{n}", "image_url": f"https://pictures.invalid/{n}.png"} for n in range(study.items)
        ]
        (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
        # JSON is YAML.
        (folder / "config.yaml").write_text(json.dumps(_configuration(study)), encoding="utf-8")
        command = _own_server(setting, port) if setting.own_server else _gunicorn(setting, port)
        with serving(command, port=port, ready="/health", folder=folder, environment={}) as pid:
            yield Running(
                port=port, pid=pid, database_pid=None, count_stored=partial(count_answers, folder / "answers")
            )

    def annotator(self, number: int, browser: Browser) -> "PotatoAnnotator":
        return PotatoAnnotator(number, browser)


def _item(number: int) -> dict[str, str]:
    return {"id": f"item-{number}", "image_url": f"https://pictures.invalid/{number}.png"}


def _configuration(study: Study) -> dict:
    return {
        "annotation_task_name": "Rating",
        "task_dir": ".",
        "output_annotation_dir": "answers",
        "data_files": ["items.jsonl"],
        "item_properties": {"id_key": "id", "text_key": "image_url"},
        "instance_display": {"fields": [{"key": "image_url", "type": "image", "label": "Picture"}]},
        "annotation_schemes": [
            {
                "annotation_type": "likert",
                "name": QUESTION,
                "description": "How good is this picture?",
                "min_label": "poor",
                "max_label": "excellent",
                "size": 5,
            }
        ],
        "assignment_strategy": "fixed_order",
        "num_annotators_per_item": study.replicas,
        "max_annotations_per_user": study.share,
        "require_password": False,
        "user_config": {"allow_all_users": True},
    }


def _gunicorn(setting: Setting, port: int) -> list[str | Path]:
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", str(THREADS), "--timeout", "120"]
    return [setting.commands / "gunicorn", *options, "potato.flask_server:create_app('config.yaml')"]


def _own_server(setting: Setting, port: int) -> list[str | Path]:
    return [setting.commands / "potato", "start", "config.yaml", "--host", "127.0.0.1", "-p", str(port)]


def count_answers(folder: Path) -> int:
    """Of all people, in the files that are theirs."""
    states = (json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*/user_state.json"))
    return sum(len(state["instance_id_to_label_to_value"]) for state in states)


class PotatoAnnotator:
    def __init__(self, number: int, browser: Browser):
        self.name, self.browser = f"annotator-{number}", browser

    def join(self) -> None:
        self.browser.submit("/auth", email=self.name)
        self.browser.get("/annotate")
        self.item = json.loads(self.browser.get("/api/current_instance"))["instance_id"]

    def rate(self) -> None:
        answer = {f"{QUESTION}:4": "4"}
        told = self.browser.send("/updateinstance", {"instance_id": self.item, "annotations": answer})
        if told["status"] != "success":
            raise RuntimeError(f"An answer was not taken: {told}")
        move = {"action": "next_instance", "instance_id": self.item}
        following = self.browser.send("/annotate", move, **{"X-Potato-Navigation": "1"})["instance_id"]
        if following == self.item or f'"{following}"'.encode() not in self.browser.get("/annotate"):
            raise RuntimeError(f"After {self.item} comes no other item: {following}.")
        self.item = following
