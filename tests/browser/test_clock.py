"""What the page measures, against what the browser itself knows: when its pictures were rendered (Element
Timing), when a key was pressed (the event's own time), when it was hidden.

CLOCK_TRIALS=100 takes as many as docs/annotators-page.md tells of, and prints what was found.
"""

import os
import random
import time
from dataclasses import dataclass
from statistics import quantiles

import pytest
from playwright.sync_api import Page, Route, expect

from annotations.models import Response
from tests.browser.steps import be_painted, begin
from tests.factories import make_open_study, make_prompt_set, make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TRIALS = int(os.environ.get("CLOCK_TRIALS", "12"))
SECONDS_LATE = 4.0
MOST_OFF, MOSTLY_OFF = 100, 50
# Kept for this tab, since pages are loaded again: when both pictures of a page had been rendered, and from when
# to when it was there. Milliseconds of the wall, to which every page adds its own steady clock.
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


def hide(page: Page, seconds: float) -> None:
    """As if another tab had been chosen."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    other = page.context.new_page()
    other.bring_to_front()
    page.wait_for_function("document.hidden")
    time.sleep(seconds)
    page.bring_to_front()
    page.wait_for_function("!document.hidden")
    other.close()
    session.detach()


def look_at_one(page: Page, chance: random.Random, trial: int) -> None:
    """One task, with whatever may happen to it, until its answer is stored."""
    be_painted(page)
    time.sleep(chance.uniform(0.05, 0.4))
    if trial % 3 == 1:
        hide(page, chance.uniform(0.2, 1.0))
    if trial % 3 == 2:
        page.reload()
        be_painted(page)
    time.sleep(chance.uniform(0.05, 0.4))
    page.keyboard.press(chance.choice("12345"))


def compared(truth: dict, response: Response) -> Trial:
    viewed = sum(end - begin for begin, end in response.visible_spans)
    truly_viewed = sum(end - begin for begin, end in truth["spans"])
    return Trial(
        viewed=viewed,
        truly_viewed=truly_viewed,
        waited=response.milliseconds - response.painted_milliseconds,
        truly_waited=truth["answered"] - truth["painted"],
    )


def test_what_was_looked_at_is_measured_as_it_was(visit):
    chance = random.Random(7)
    page = visit()
    page.add_init_script(TRUTH)
    late: list[str] = []

    def delay(route: Route) -> None:
        if route.request.url not in late:  # the next one's was asked for beforehand
            late.append(route.request.url)
            time.sleep(chance.uniform(0, SECONDS_LATE) / 4)
        route.continue_()

    page.route("**/pictures/**", delay)
    begin(page, study_of(TRIALS + 1))
    trials = []
    for number in range(TRIALS):
        at = page.url
        look_at_one(page, chance, number)
        expect(page).not_to_have_url(at)
        trials.append(compared(page.evaluate("window.lastTruth"), Response.objects.latest("pk")))
    off = sorted(trial.off for trial in trials)
    print(f"\n{TRIALS} trials, ms off: median {off[len(off) // 2]:.0f}, 95 % {quantiles(off, n=20)[-1]:.0f}, most {off[-1]:.0f}")
    assert off[-1] <= MOST_OFF, trials
    assert sum(each <= MOSTLY_OFF for each in off) >= 0.95 * len(off) - 1, trials
