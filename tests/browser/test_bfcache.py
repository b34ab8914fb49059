"""Back to a task's page from a page beside the tasks. As the site serves it, Chromium loads it anew and says
why; behind a proxy that takes `no-store` away it keeps the page in memory (its back/forward cache) and shows
it as it was left. Either way it has to come to what is stored."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from annotations.models import Assignment, Participation, Response, Study
from tests.annotations.views.visits import address
from tests.browser.raw_chromium import RawChromium, raw_chromium
from tests.browser.test_clock import IS_READY, study_of
from tests.factories import answer_turn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AWAY = 1.5  # seconds
# Kept for this tab, since pages are loaded again.
NOTE_SHOWN = """
addEventListener("pageshow", ({ persisted }) => {
  const shown = JSON.parse(sessionStorage.getItem("shown") ?? "[]");
  sessionStorage.setItem("shown", JSON.stringify([...shown, [location.pathname, persisted]]));
});
"""
# Chromium would keep a page in spite of `no-store` if its script had fetched nothing of that kind, and if no
# cookie had been set since that scripts do not see: each of our forms sets the one of its token again.
REASONS = {
    "MainResourceHasCacheControlNoStore",
    "JsNetworkRequestReceivedCacheControlNoStoreResource",
    "CacheControlNoStoreHTTPOnlyCookieModified",
}


class Visit:
    """Has answered one task, by the page's script, and is at the second one. `reasons`: why Chromium did not
    keep the pages that were gone back to."""

    participation: Participation

    def __init__(self, chromium: RawChromium, *, is_kept: bool):
        self.chromium, self.tab, self.is_kept = chromium, chromium.open_tab(), is_kept
        self.reasons: set[str] = set()
        self.loses_answer = False
        chromium.listeners.append(self._hear)
        self.tab.send("Page.addScriptToEvaluateOnNewDocument", source=NOTE_SHOWN)
        answers = {"resourceType": "Fetch", "requestStage": "Request"}
        pages = {"resourceType": "Document", "requestStage": "Response"}
        patterns = [{"urlPattern": "*/assignments/*", **each} for each in (answers, pages)]
        self.tab.send("Fetch.enable", patterns=patterns)

    def _hear(self, message: dict) -> None:
        said = message["params"]
        if message["method"] == "Page.backForwardCacheNotUsed":
            self.reasons |= {each["reason"] for each in said["notRestoredExplanations"]}
        elif message["method"] == "Fetch.requestPaused" and "responseHeaders" in said:
            headers = [each for each in said["responseHeaders"] if each["name"].lower() != "cache-control"]
            changed = {"responseCode": said["responseStatusCode"], "responseHeaders": headers}
            self._go_on("Response", said, **changed if self.is_kept else {})
        elif message["method"] == "Fetch.requestPaused" and self.loses_answer:
            self.loses_answer = False
        elif message["method"] == "Fetch.requestPaused":
            self._go_on("Request", said)

    def _go_on(self, stage: str, said: dict, **changed) -> None:
        self.chromium.post(f"Fetch.continue{stage}", self.tab.session, requestId=said["requestId"], **changed)

    def begin(self, site: str, study: Study) -> None:
        self.tab.send("Page.navigate", url=f"{site}{address('start', study)}")
        self.tab.click("form.actions button")
        self.tab.wait_for("location.pathname.endsWith('/instructions/')")
        self.tab.click("form.actions button")
        self.tab.wait_for(f"location.pathname.includes('/assignments/') && {IS_READY}")
        self.participation = study.participations.get()
        self.tab.press("4")
        self.tab.wait_for("document.querySelector('.site-progress').textContent.includes('1 answered')")
        self.be_ready()

    @property
    def turn(self) -> Assignment:
        """The second one."""
        return self.participation.assignments.get(number=2)

    @property
    def path(self) -> str:
        return address("assignment", self.turn.study, self.turn.pk)

    def be_ready(self) -> None:
        self.tab.wait_for(f"location.pathname === {self.path!r} && {IS_READY}")

    def leave(self) -> None:
        """By a link of the task's menu, for a while."""
        self.tab.click(".menu a[href$='/instructions/']")
        self.tab.wait_for("location.pathname.endsWith('/instructions/') && document.readyState == 'complete'")
        time.sleep(AWAY)

    def come_back(self) -> None:
        """Once it is loaded; that is after Chromium has shown the page that it kept, if it did."""
        history = self.tab.send("Page.getNavigationHistory")
        before = history["entries"][history["currentIndex"] - 1]
        self.tab.send("Page.navigateToHistoryEntry", entryId=before["id"])
        times = [True, False] if self.is_kept else [False]
        expected = [[self.path, is_persisted] for is_persisted in times]
        shown = "JSON.parse(sessionStorage.getItem('shown'))"
        self.tab.wait_for(f"{shown}.at(-1)[0] === {self.path!r} && !{shown}.at(-1)[1]")
        assert self.tab.evaluate(shown)[-len(times) :] == expected
        if self.is_kept:
            assert self.reasons == set()
        else:
            assert self.reasons >= REASONS
        self.be_ready()

    @property
    def chosen(self) -> list[str]:
        buttons = "document.querySelectorAll('button[name=choice][data-chosen]')"
        return self.tab.evaluate(f"[...{buttons}].map((button) => button.value)")


@pytest.fixture(params=[False, True], ids=["as served", "kept in memory"])
def visit(live_server, request) -> Iterator[Visit]:
    with raw_chromium() as chromium:
        visit = Visit(chromium, is_kept=request.param)
        visit.begin(live_server.url, study_of(4))
        yield visit


def test_who_comes_back_is_shown_what_was_stored_meanwhile(visit):
    visit.leave()
    answer_turn(visit.turn, {"choice": 2})
    visit.come_back()
    assert visit.tab.evaluate("document.title").startswith("Correct an answer")
    assert visit.chosen == ["2"]


def test_what_was_spent_elsewhere_is_not_told_as_viewed(visit):
    time.sleep(0.3)
    visit.leave()
    visit.come_back()
    assert visit.chosen == []
    visit.tab.press("3")
    visit.tab.wait_for("document.querySelector('.site-progress').textContent.includes('2 answered')")
    response = Response.objects.get(assignment=visit.turn)
    assert (response.answer, response.revision, visit.turn.interrupted) == ({"choice": 3}, 0, True)
    spans = response.visible_spans
    assert max(after[0] - before[1] for before, after in pairwise(spans)) >= 1000 * AWAY
    viewed = sum(end - begin for begin, end in spans)
    assert 300 <= viewed <= response.milliseconds - 1000 * AWAY


def test_an_answer_that_was_on_its_way_is_sent_by_the_other_page_and_once(visit):
    visit.loses_answer = True
    visit.tab.press("5")
    visit.tab.wait_for("Object.keys(localStorage).some((name) => name.startsWith('unsent '))")
    visit.leave()
    visit.tab.wait_for("!Object.keys(localStorage).some((name) => name.startsWith('unsent '))")
    visit.come_back()
    assert visit.chosen == ["5"]
    time.sleep(1.5)  # a page that tries again does so after a second
    responses = Response.objects.filter(assignment=visit.turn)
    assert list(responses.values_list("answer", "revision")) == [({"choice": 5}, 0)]
