"""A real Chromium on the live site. Nothing may leave this machine, nothing may fail in the console, and no
page may want what the content policy forbids."""

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

HEADLESS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Milliseconds; other tests take the machine's time, too.
PATIENCE = 30_000
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`The policy forbids ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""
# What the browser says of each answer that is an error; a test that asks for one looks at its page.
ANSWERED = "Failed to load resource"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "These tests need Chromium, from Debian's package of this name."
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's synchronous interface runs an event loop in this thread, in which Django otherwise
        # refuses to use its database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=path, args=HEADLESS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of so far, by their paths."""
    return []


@pytest.fixture
def visit(chromium, live_server, complaints) -> Iterator:
    """Open a context of its own (phone, dark, without scripts, …) and return its page.

    In the end, no page may have asked anything of another host or complained of anything.
    """
    contexts: list[BrowserContext] = []
    strangers: list[str] = []

    def note_request(request) -> None:
        if urlsplit(request.url).hostname not in ("localhost", "127.0.0.1"):
            strangers.append(request.url)

    def note_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(ANSWERED):
            where = urlsplit(message.page.url).path if message.page else ""
            complaints.append(f"{where}: {message.text}")

    def open_page(**options) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(TELL_VIOLATIONS)
        context.on("request", note_request)
        context.on("console", note_console)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        for page in context.pages:
            # Else the site still answers for a picture while the test's database is being emptied: SQLite
            # refuses that, and the rows are left to the next test.
            page.wait_for_load_state("networkidle")
        context.close()
    assert strangers == []
    assert complaints == []
