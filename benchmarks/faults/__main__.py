"""The demo, left running while its workers are killed, its broker is damaged and its clock is moved.

    python -m benchmarks.faults [--minutes 10] [--seed 0] [--keep]

A demo of its own, in a new folder and on a free port. Meanwhile runs of images are started, annotators answer
and the researcher asks for reports. In the end the site has to answer, every image to be made exactly once,
the last report to be computed, no page to have taken over ten seconds, and no process to be left. Needs Linux
and a C compiler, for the clock.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.faults.demo import Demo
from benchmarks.faults.harm import Harm
from benchmarks.faults.verdict import images_left, judge_images
from benchmarks.faults.visitors import Annotator, Browser, Researcher, Seen

STUDY = "Demo: words and heat maps"
RUN_EVERY, ANSWER_EVERY, REPORT_EVERY = 50, 3, 40  # seconds
# A report that a worker dropped waits for its lease, five minutes.
SECONDS_TO_RECOVER = 420
MUST_BE_ZERO = (
    "unfinished", "attempts_beyond", "files_missing", "files_twice", "files_unnamed", "files_changed",
    "pairs_missing", "pages_failed", "pages_no_answer", "processes_left", "unrecoverable",
)  # fmt: skip
SLOWEST_PAGE = 10  # seconds, of anybody's, while images are made on the same cores


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the draw of faults")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the demo's log")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="daamweb-faults-"))
    demo = Demo(folder)
    found: dict[str, object] = {"minutes": options.minutes, "seed": options.seed}
    with demo.running():
        found |= live_through(demo, options.minutes, options.seed)
    found["processes_left"] = len(demo.wait_until_gone(10))
    found["unrecoverable"] = demo.log.read_text(errors="replace").count("Unrecoverable")
    wrong = judge(found)
    for name, value in found.items():
        print(f"{name:22} {value}{'   ← wrong' if name in wrong else ''}")
    if options.keep or wrong:
        print(f"The demo's log and files are in {folder}")
    else:
        shutil.rmtree(folder)
    print(json.dumps(found | {"wrong": wrong}))
    return 1 if wrong else 0


def judge(found: dict[str, Any]) -> list[str]:
    """What is not as it has to be."""
    wrong = [name for name in MUST_BE_ZERO if found[name]]
    if not found["report_is_there"]:
        wrong.append("report_is_there")
    if found["slowest_page_s"] > SLOWEST_PAGE:
        wrong.append("slowest_page_s")
    return wrong


def live_through(demo: Demo, minutes: float, seed: int) -> dict[str, object]:
    """Minutes of harm, then what came of them."""
    seen = Seen()
    said = demo.log.read_text()
    link = re.search(rf"Annotator\s+{re.escape(demo.address)}(/s/[^/]+/)", said)[1]
    password = re.search(r"password (\S+)", said)[1]
    wait_for_site(demo)
    researcher = Researcher(Browser(demo.address, seen), password, STUDY)
    harm = Harm(demo, seed)
    began = time.monotonic()
    answered = runs = 0
    due = dict.fromkeys(("harm", "run", "answer", "report"), began)
    annotator = Annotator(Browser(demo.address, seen), link, STUDY)
    while (now := time.monotonic()) < began + 60 * minutes:
        if now >= due["harm"]:
            harm.do_one()
            due["harm"] = now + harm.pause()
        if now >= due["run"] and now < began + 60 * minutes - RUN_EVERY / 2:
            runs += 1
            start_run(demo, runs)
            due["run"] = now + RUN_EVERY
        if now >= due["answer"]:
            if annotator.answer_one():
                answered += 1
            else:
                annotator = Annotator(Browser(demo.address, seen), link, STUDY)
            due["answer"] = now + ANSWER_EVERY
        if now >= due["report"]:
            researcher.ask_for_report()
            due["report"] = now + REPORT_EVERY
        time.sleep(0.05)
    harm.end()
    recovered = recover(demo, researcher, answered)
    pages = {
        f"pages_{name.replace(' ', '_')}": seen.pages[name]
        for name in ("answered", "refused", "failed", "no answer")
    }
    return {
        "faults": json.dumps(dict(sorted(harm.done.items()))),
        "runs": runs,
        "answers": answered,
        **pages,
        "slowest_page_s": round(seen.slowest, 2),
        **recovered,
        **judge_images(demo),
    }


def start_run(demo: Demo, number: int) -> None:
    demo.manage(
        "generate", "--prompt-set", "Demo pairs", "--run", f"Faults {number}", "--seeds", str(100 + number),
        "--steps", "8", "--batch-size", "4",
    )  # fmt: skip


def recover(demo: Demo, researcher: Researcher, answered: int) -> dict[str, object]:
    """Until everything is made and a report knows all answers, or the time for that is over."""
    began = time.monotonic()
    in_report = 0
    while time.monotonic() < began + SECONDS_TO_RECOVER:
        researcher.ask_for_report()
        in_report = researcher.responses_in_report()
        if not images_left(demo) and in_report >= answered:
            break
        time.sleep(2)
    return {
        "recovered_s": round(time.monotonic() - began, 1),
        "responses_in_report": in_report,
        "report_is_there": 0 < answered <= in_report,
    }


def wait_for_site(demo: Demo) -> None:
    deadline = time.monotonic() + 60
    trying = Seen()
    while not trying.pages["answered"]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"The site does not answer:\n{demo.log.read_text()[-2000:]}")
        Browser(demo.address, trying).get("/admin/login/")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
