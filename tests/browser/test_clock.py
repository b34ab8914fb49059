"""What the page measures, against what the browser itself knows: when its pictures were rendered (Element
Timing), when a key was pressed (the event's own time), when it was hidden.

CLOCK_TRIALS=100 takes as many as docs/annotators-page.md tells of, and prints what was found.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import quantiles

import pytest

from annotations.models import Response
from tests.annotations.views.visits import address
from tests.browser.raw_chromium import RawChromium, Tab, raw_chromium
from tests.factories import make_open_study, make_prompt_set, make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TRIALS = int(os.environ.get("CLOCK_TRIALS", "8"))
SECONDS_LATE = 4.0
MOST_OFF, MOSTLY_OFF = 100, 50
# Kept for this tab, since pages are loaded again: when both pictures of a page had been rendered, and from
# when to when it was there. Milliseconds of the wall, to which every page adds its own steady clock.
TRUTH = """
const nothing = () => ({ spans: [], painted: null, answered: null });
let truth = JSON.parse(sessionStorage.getItem("truth") ?? "null") ?? nothing();
const wall = (at) => performance.timeOrigin + at;
let rendered = [], open = null;
const keep = () => sessionStorage.setItem("truth", JSON.stringify(truth));
const begin = (at) => { if (open === null) open = at; };
const end = (at) => { if (open !== null && at > open) truth.spans.push([open, at]); open = null; keep(); };
new MutationObserver(() => {
  for (const image of document.querySelectorAll("[data-picture] img:not([elementtiming])")) {
    if (!image.classList.contains("picture__plain")) image.setAttribute("elementtiming", "picture");
  }
}).observe(document, { childList: true, subtree: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) rendered.push(wall(entry.renderTime));
  if (rendered.length !== 2) return;
  const at = Math.max(...rendered);
  truth.painted ??= at;
  if (!document.hidden) begin(at);
}).observe({ type: "element", buffered: true });
addEventListener("visibilitychange", (event) => {
  if (document.hidden) end(wall(event.timeStamp));
  else if (rendered.length === 2) begin(wall(event.timeStamp));
}, true);
addEventListener("pagehide", (event) => end(wall(event.timeStamp)), true);
addEventListener("keydown", (event) => {
  const button = document.querySelector("button[name=choice]");
  if (!/^[1-7]$/.test(event.key) || button.disabled) return;
  truth.answered = wall(event.timeStamp);
  end(truth.answered);
  window.lastTruth = truth;
  truth = nothing();
  rendered = [];
  keep();
}, true);
"""


@dataclass
class Trial:
    """Milliseconds: what the page said, and what was."""

    viewed: int
    truly_viewed: float
    waited: int
    truly_waited: float

    @property
    def off(self) -> float:
        return max(abs(self.viewed - self.truly_viewed), abs(self.waited - self.truly_waited))


def study_of(tasks: int):
    words = [(f"dog{number}", "NOUN", "") for number in range(tasks)]
    return make_open_study(run=make_run(make_prompt_set([(" ".join(word for word, *_ in words), words)])))


IS_READY = "document.querySelector('[data-task-form][data-painted] button[name=choice]:enabled') !== null"


@contextmanager
def late_pictures(chromium: RawChromium, tab: Tab, chance: random.Random) -> Iterator[None]:
    """Every picture comes up to so many seconds late."""

    waiting: list[threading.Timer] = []

    def delay(message: dict) -> None:
        if message["method"] != "Fetch.requestPaused":
            return
        request = {"requestId": message["params"]["requestId"]}
        go_on = partial(chromium.post, "Fetch.continueRequest", tab.session, **request)
        waiting.append(threading.Timer(chance.uniform(0, SECONDS_LATE), go_on))
        waiting[-1].start()

    chromium.listeners.append(delay)
    tab.send("Fetch.enable", patterns=[{"urlPattern": "*/pictures/*"}])
    yield
    for timer in waiting:
        timer.cancel()
        timer.join()


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def look_at_one(chromium: RawChromium, tab: Tab, chance: random.Random, trial: int) -> None:
    """One task, with whatever may happen to it, until its answer is on its way."""
    if trial % 4 == 3:  # before it is painted
        hide(chromium, tab, chance.uniform(0.2, 1.0))
    tab.wait_for(IS_READY)
    time.sleep(chance.uniform(0.05, 0.4))
    if trial % 4 == 1:
        hide(chromium, tab, chance.uniform(0.2, 1.0))
    if trial % 4 == 2:
        tab.send("Page.reload")
        time.sleep(0.1)
        tab.wait_for(IS_READY)
    time.sleep(chance.uniform(0.05, 0.4))
    tab.press(chance.choice("12345"))


def hide(chromium: RawChromium, tab: Tab, seconds: float) -> None:
    """Another tab is chosen for a while."""
    other = chromium.open_tab()
    tab.wait_for("document.hidden")
    time.sleep(seconds)
    other.close()
    tab.choose()
    tab.wait_for("!document.hidden")


def compared(truth: dict, response: Response) -> Trial:
    return Trial(
        viewed=sum(end - begin for begin, end in response.visible_spans),
        truly_viewed=sum(end - begin for begin, end in truth["spans"]),
        waited=response.milliseconds - response.painted_milliseconds,
        truly_waited=truth["answered"] - truth["painted"],
    )


@pytest.mark.parametrize("busy", [0, 4])
def test_what_was_looked_at_is_measured_as_it_was(live_server, busy):
    chance = random.Random(7)
    study = study_of(TRIALS + 1)
    trials = []
    with raw_chromium() as chromium, ExitStack() as stack:
        tab = chromium.open_tab()
        tab.send("Page.addScriptToEvaluateOnNewDocument", source=f"{{{TRUTH}}}")
        tab.send("Page.navigate", url=f"{live_server.url}{address('start', study)}")
        tab.click("form.actions button")
        tab.wait_for("location.pathname.endsWith('/instructions/')")
        stack.enter_context(late_pictures(chromium, tab, chance))
        stack.enter_context(busy_processes(busy))
        tab.click("form.actions button")
        for number in range(TRIALS):
            tab.wait_for("location.pathname.includes('/assignments/')")
            at = tab.evaluate("location.pathname")
            look_at_one(chromium, tab, chance, number)
            tab.wait_for(f"location.pathname !== {at!r}")
            trials.append(compared(tab.evaluate("window.lastTruth"), Response.objects.latest("pk")))
    off = sorted(trial.off for trial in trials)
    print(
        f"\n{TRIALS} trials, {busy} busy processes, ms off: median {off[len(off) // 2]:.0f}, "
        f"95 % {quantiles(off, n=20)[-1]:.0f}, most {off[-1]:.0f}"
    )
    # The bars are those of a hundred; a few beside other tests are held against what no fault would keep to.
    most, mostly, share = (MOST_OFF, MOSTLY_OFF, 0.05) if TRIALS >= 100 else (250, 100, 0.5)
    assert off[-1] <= most, trials
    assert sum(each > mostly for each in off) <= share * len(off), trials
