"""Every page keeps to the content policy: the `visit` fixture hears what a page complains of."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from benchmarks.pages import every_page
from benchmarks.site_rows import make_site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FILES = re.compile(r"\.(csv|zip)$")
POST = """([address, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action: address });
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  for (const [name, value] of [["csrfmiddlewaretoken", token], ...fields]) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}"""


def lend_cookies(context: BrowserContext, client, address: str) -> None:
    """The browser is who the test's client is."""
    host = urlsplit(address).hostname
    cookies = [(each.key, each.value, each["path"] or "/") for each in client.cookies.values()]
    context.add_cookies(
        [{"name": name, "value": value, "domain": host, "path": path} for name, value, path in cookies]
    )


def send(page: Page, address: str, posted: dict) -> None:
    """As a form of the page that is shown."""
    several = {name: value if isinstance(value, list) else [value] for name, value in posted.items()}
    fields = [(name, str(each)) for name, values in several.items() for each in values]
    with page.expect_navigation():
        page.evaluate(POST, [address, fields])


def test_every_page_keeps_to_the_policy(visit, live_server):
    site = make_site(12)
    pages = {}
    visited = 0
    for each in every_page(site):
        if each.headers or FILES.search(each.address):
            continue  # parts of pages that htmx asks for; files that are not shown
        if each.who not in pages:
            pages[each.who] = visit()
            lend_cookies(pages[each.who].context, site.browsers[each.who], live_server.url)
        page = pages[each.who]
        if each.posted is None:
            page.goto(each.address)
        else:
            page.goto("/admin/")
            send(page, each.address, each.posted)
        visited += 1
    assert visited > 200


def test_the_pages_of_errors(visit, settings):
    settings.ROOT_URLCONF = "tests.broken_pages"
    page = visit()
    page.goto("/no/such/page/")
    expect(page.get_by_role("heading", name="There is nothing here.")).to_be_visible()
    page.goto("/broken/")
    expect(page.get_by_role("heading", name="Something went wrong on our side.")).to_be_visible()
    page.goto("/form/")
    with page.expect_navigation():
        page.locator("form").evaluate("form => form.submit()")
    expect(page.get_by_role("heading", name="The page could not be checked.")).to_be_visible()


def test_a_page_that_breaks_the_policy_is_found(visit, settings, complaints):
    settings.ROOT_URLCONF = "tests.browser.inline_page"
    page = visit()
    page.goto("/inline/")
    page.get_by_text("Text").click()
    expect(page).to_have_title("Inline")
    found = {
        directive for each in complaints for directive in re.findall(r"The policy forbids ([a-z-]+)", each)
    }
    assert found == {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "img-src"}
    complaints.clear()
