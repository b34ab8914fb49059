"""Label Studio (https://github.com/HumanSignal/label-studio) on PostgreSQL."""

import re
import secrets
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.peers.browser import Browser
from benchmarks.peers.interface import Running, Setting, Study
from benchmarks.peers.postgresql import empty_database, first_process, scalar
from benchmarks.peers.servers import clean_environment, free_port, serving

PROCESSES = 4
PROJECT = 1  # the first of an empty database
CSRF = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
QUESTION = """
<View>
  <Image name="image" value="$image"/>
  <Choices name="quality" toName="image" choice="single" required="true">
    <Choice value="1"/><Choice value="2"/><Choice value="3"/><Choice value="4"/><Choice value="5"/>
  </Choices>
</View>
"""


class LabelStudio:
    name = "label-studio"
    version = "1.23.2"
    # With its own extra for the uWSGI of its Docker image.
    requirements: Sequence[str] = (f"label-studio[uwsgi]=={version}",)

    @contextmanager
    def run(self, study: Study, setting: Setting) -> Iterator[Running]:
        port, token = free_port(), secrets.token_hex(20)
        with empty_database(setting.database) as database:
            environment = _environment(database, setting.folder)
            _initialise(setting, environment, token)
            command = _own_server(setting, port) if setting.own_server else _uwsgi(setting, port)
            with serving(
                command, port=port, ready="/health", folder=setting.folder, environment=environment
            ) as pid:
                _open_study(port, study, token)
                yield Running(
                    port=port,
                    pid=pid,
                    database_pid=first_process(database),
                    count_stored=partial(scalar, database, "SELECT count(*) FROM task_completion"),
                )

    def annotator(self, number: int, browser: Browser) -> "LabelStudioAnnotator":
        return LabelStudioAnnotator(number, browser)


def _environment(database: str, folder: Path) -> dict[str, str]:
    """Its database, its files, and nothing sent home: usage, errors, and the question for a newer version."""
    address = urlsplit(database)
    return {
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "DJANGO_DB": "default",
        "POSTGRE_HOST": address.hostname or "",
        "POSTGRE_PORT": str(address.port or 5432),
        "POSTGRE_NAME": address.path.removeprefix("/"),
        "POSTGRE_USER": address.username or "",
        "POSTGRE_PASSWORD": address.password or "",
        "DEBUG": "false",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }


def _initialise(setting: Setting, environment: dict[str, str], token: str) -> None:
    """Tables, and somebody who may make a project."""
    who = ["--username", "lab@example.com", "--password", secrets.token_hex(20), "--user-token", token]
    command: list[str | Path] = [
        setting.commands / "label-studio",
        "init",
        "--quiet",
        "--enable-legacy-api-token",
        *who,
    ]
    with (setting.folder / "init.log").open("wb") as said:
        done = subprocess.run(
            command,
            cwd=setting.folder,
            env=clean_environment(setting.folder) | environment,
            stdout=said,
            stderr=said,
        )
    if done.returncode:
        raise SystemExit((setting.folder / "init.log").read_text(encoding="utf-8")[-3000:])


def _uwsgi(setting: Setting, port: int) -> list[str | Path]:
    site = next(setting.commands.parent.glob("lib/python*/site-packages/label_studio"))
    options = [
        "--chdir", str(site), "--module", "core.wsgi:application", "--master", "--processes", str(PROCESSES),
        "--http", f"127.0.0.1:{port}", "--http-keepalive=60", "--http-auto-chunked", "--http-timeout", "300",
        "--single-interpreter", "--enable-threads", "--lazy-apps", "--thunder-lock", "--need-app",
        "--buffer-size", "65535", "--post-buffering", "4096", "--disable-logging", "--die-on-term",
    ]  # fmt: skip
    return [setting.commands / "uwsgi", *options]


def _own_server(setting: Setting, port: int) -> list[str | Path]:
    options = ["--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    return [setting.commands / "label-studio", "start", *options]


def _open_study(port: int, study: Study, token: str) -> None:
    browser, authorization = Browser(port), {"Authorization": f"Token {token}"}
    project = {"title": "Rating", "label_config": QUESTION, "maximum_annotations": study.replicas}
    if browser.send("/api/projects/", project, **authorization)["id"] != PROJECT:
        raise RuntimeError("The database was not empty.")
    tasks = [{"image": f"https://pictures.invalid/{number}.png"} for number in range(study.items)]
    browser.send(f"/api/projects/{PROJECT}/import", tasks, **authorization)


class LabelStudioAnnotator:
    def __init__(self, number: int, browser: Browser):
        self.email, self.browser = f"annotator-{number}@example.com", browser

    def join(self) -> None:
        csrf = CSRF.search(self.browser.get("/user/signup/"))
        if csrf is None:
            raise RuntimeError("The page to sign up has no form.")
        fields = {"csrfmiddlewaretoken": csrf[1].decode(), "email": self.email}
        self.browser.submit("/user/signup/", **fields, password=secrets.token_hex(20))
        self._ask_for_next()

    def rate(self) -> None:
        choice = {
            "id": uuid.uuid4().hex[:10],
            "from_name": "quality",
            "to_name": "image",
            "type": "choices",
            "origin": "manual",
            "value": {"choices": ["4"]},
        }
        answer = {"result": [choice], "lead_time": 0.9, "draft_id": 0, "project": str(PROJECT)}
        self._send(f"/api/tasks/{self.task}/annotations/?project={PROJECT}", answer)
        self._ask_for_next()

    def _ask_for_next(self) -> None:
        self.task = self._send(f"/api/dm/actions?id=next_task&project={PROJECT}", {})["id"]

    def _send(self, address: str, value: dict) -> dict:
        return self.browser.send(address, value, **{"X-CSRFToken": self.browser.cookies["csrftoken"]})
