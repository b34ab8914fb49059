"""One annotator of the crowd: joins, rates, and does all that breaks connections and orders."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from tests.annotations.crowd.browser import BROKEN, Browser, Connection, Reply
from tests.annotations.crowd.hall import KEPT, Hall, Outcome, Sent

CHOICES = range(1, 8)
MEASURED = '{"answered": 900, "painted": 100, "first_input": 850, "visible": [[100, 900]]}'
TURN = re.compile(r"/assignments/(\d+)/$")


@dataclass(frozen=True)
class Page:
    """A task's page as it lies open in a tab."""

    address: str
    token: str
    base: str

    @property
    def turn(self) -> int:
        return int(TURN.search(self.address)[1])


class Annotator:
    def __init__(self, hall: Hall, number: int):
        self.hall = hall
        self.browser = Browser(hall.port)
        self.chance = hall.chance(number)
        # Some are fast, and reach the cap; most are not.
        self.seconds_a_task = 0.02 if number % 4 == 0 else self.chance.uniform(0.2, 0.8)
        self.last: tuple[Page, int] | None = None
        # What an answer brought, and is not open yet.
        self.brought: Page | None = None
        # Tokens of pages: whether the study had closed before they were sent for the first time.
        self.sent: dict[str, bool] = {}

    @property
    def cookie(self) -> str:
        """What the cookie is called in which the browser remembers who this is in the study's project."""
        return next(name for name in self.browser.cookies if name.startswith("annotator-"))

    @property
    def pk(self) -> int:
        return int(self.browser.cookies[self.cookie].strip('"').partition(":")[0])

    def run(self) -> None:
        self.hall.rest(self.chance.uniform(0, 0.5))
        self.join()
        address = self.go_on()
        while not self.hall.over.is_set():
            if TURN.search(address):
                address = self.rate(address)
            else:  # nothing is free, nothing is left, or the study takes a break
                if address.endswith("/thanks/"):
                    self.hall.note_trick("had all that there is for one person")
                self.hall.rest(self.chance.uniform(0.1, 0.4))
                address = self.go_on()

    def join(self) -> None:
        start = f"/s/{self.hall.slug}/"
        while True:
            self.insist(lambda: self.browser.get(start))
            reply = self.insist(lambda: self.browser.post(start, {}))
            if reply.status == 302:
                return
            assert reply.status == 403, reply  # paused
            self.hall.rest(0.2)

    def go_on(self) -> str:
        reply = self.insist(lambda: self.browser.post(f"/s/{self.hall.slug}/next/", {}))
        assert reply.status == 302, reply
        return reply.location

    def rate(self, address: str) -> str:
        """Answer the task at this address in one way or another; return where to go on."""
        page = self.open(address)
        if page is None:
            return self.go_on()
        self.think()
        way = self.chance.random()
        if way < 0.12:
            return self.answer_in_two_tabs(page)
        choice = self.chance.choice(CHOICES)
        if way < 0.27:
            self.hall.note_trick("hung up")
            self.browser.post_and_hang_up(address, self.fill_in(page, choice))
        elif way < 0.42:
            self.hall.note_trick("sent twice")
            self.send_twice(page, choice)
        outcome, reply = self.deliver(page, choice)
        if outcome in KEPT and self.chance.random() < 0.15:
            self.correct(address)
        return reply.location if outcome == Outcome.STORED else self.go_on()

    def think(self) -> None:
        self.hall.rest(self.chance.uniform(0, 2 * self.seconds_a_task))
        if self.hall.closing_soon.is_set() and self.chance.random() < 0.3:
            self.hall.note_trick("sat over the closing")
            end = self.chance.choice((self.hall.closing, self.hall.sweeping, self.hall.closed))
            while not (end.is_set() or self.hall.over.is_set()):
                self.hall.rest(0.01)
            self.hall.rest(self.chance.uniform(0, 0.1))

    def open(self, address: str) -> Page | None:
        """The page as it is now; None if the task went to somebody else or the study has closed."""
        brought, self.brought = self.brought, None
        if brought is not None and brought.address == address:
            return brought
        reply = self.insist(lambda: self.browser.get(address))
        if reply.status != 200:
            assert reply.status in (409, 410), reply
            return None
        return Page(address, **reply.fields)

    def correct(self, address: str) -> None:
        page = self.open(address)
        if page is not None:
            assert page.base != "", page
            self.hall.note_trick("corrected")
            self.deliver(page, self.chance.choice(CHOICES))

    def answer_in_two_tabs(self, page: Page) -> str:
        """Two pages of one turn with different answers, sent at once: one is stored. The other one is a
        conflict, and replaces it if it is sent again, knowing what is stored."""
        other = self.open(page.address)
        if other is None:
            return self.go_on()
        self.hall.note_trick("two tabs")
        choice, changed = self.chance.sample(CHOICES, 2)
        self.send_at_once((page, choice), (other, changed))
        (first, _), (second, reply) = self.deliver(page, choice), self.deliver(other, changed)
        assert not (first in KEPT and second in KEPT), (page, other)
        if second == Outcome.STALE and self.chance.random() < 0.6:
            self.hall.note_trick("sent again after a conflict")
            self.deliver(Page(page.address, **reply.fields), changed)
        return self.go_on()

    # --- sending

    def deliver(self, page: Page, choice: int) -> tuple[Outcome, Reply]:
        """Send a page until it is known what came of it."""
        by_script = self.chance.random() < 0.5
        fields = self.fill_in(page, choice)
        reply = self.insist(lambda: self.browser.post(page.address, fields, by_script=by_script))
        outcome = outcome_of(reply)
        after_closing = self.sent[page.token]
        self.hall.note(Sent(self.pk, page.turn, page.token, choice, outcome, after_closing))
        if outcome == Outcome.STORED:
            self.last = page, choice
            self.brought = Page(reply.location, **reply.fields) if reply.fields else None
        return outcome, reply

    def send_twice(self, page: Page, choice: int) -> None:
        """A double click: both are on their way before one is answered; they come to the same."""
        outcomes = {*self.send_at_once((page, choice), (page, choice)), self.deliver(page, choice)[0]}
        assert len(outcomes - {None}) == 1, outcomes

    def send_at_once(self, *pages: tuple[Page, int]) -> list[Outcome | None]:
        """Send all before any reply is read; None where the connection broke."""
        connections: list[Connection | None] = []
        for page, choice in pages:
            try:
                connections.append(self.browser.start_post(page.address, self.fill_in(page, choice)))
            except BROKEN:
                connections.append(None)
        outcomes: list[Outcome | None] = []
        for connection in connections:
            try:
                outcomes.append(connection and outcome_of(self.browser.read(connection)))
            except BROKEN:
                outcomes.append(None)
        return outcomes

    def fill_in(self, page: Page, choice: int) -> dict[str, str]:
        """What is sent with the page, from now on."""
        self.sent.setdefault(page.token, self.hall.closed.is_set())
        hidden = {"page-token": page.token, "page-base": page.base, "page-measured": MEASURED}
        return {**hidden, "choice": str(choice)}

    def insist(self, request: Callable[[], Reply]) -> Reply:
        """Ask until the server answers: it may be away for a while, but nothing fails in it."""
        while True:
            try:
                reply = request()
            except BROKEN:
                self.hall.rest(0.1)
                continue
            assert reply.status < 500, reply
            return reply

    # --- after the study has closed

    def try_after_closing(self) -> None:
        """Nothing new is taken; what was acknowledged is acknowledged again."""
        if self.last is not None:
            page, choice = self.last
            again, _ = self.deliver(page, choice)
            assert again == Outcome.STORED, page
            correction = Page(page.address, str(uuid.uuid4()), str(int(page.base or -1) + 1))
            refused, _ = self.deliver(correction, choice)
            assert refused == Outcome.REFUSED, correction
        self.browser.cookies.pop(self.cookie)
        reply = self.insist(lambda: self.browser.post(f"/s/{self.hall.slug}/", {}))
        assert reply.status == 410, reply


def outcome_of(reply: Reply) -> Outcome:
    if reply.location and reply.status in (200, 302):
        return Outcome.STORED
    if reply.status == 409:
        return Outcome.STALE if reply.fields else Outcome.LATE
    assert reply.status == 410, reply
    return Outcome.REFUSED
