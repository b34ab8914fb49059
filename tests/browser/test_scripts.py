"""Whatever runs scripts works under the content policy; the `visit` fixture hears what the policy forbids."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from evaluation.jobs import compute_report
from evaluation.models import Report
from generation.models import Generation
from tests.evaluation.studies import make_rated_study
from tests.factories import make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def log_in(page: Page, researcher: User, address: str = "/admin/") -> None:
    page.goto(f"/admin/login/?next={address}")
    page.get_by_label("Username").fill(researcher.username)
    page.get_by_label("Password").fill("researcher-password")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(f"{re.escape(address)}$"))


def test_from_logging_in_to_logging_out(visit, researcher):
    page = visit()
    log_in(page, researcher)
    page.get_by_role("link", name="Change password").click()
    page.locator("#id_password").fill("researcher-password")
    for name in ("#id_new_password1", "#id_new_password2"):
        page.locator(name).fill("seven grey otters")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password was changed.")).to_be_visible()
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("img", name="QR code of the key")).to_be_visible()
    page.get_by_role("link", name="Back to my account").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Logged out")).to_be_visible()


def test_the_admins_frame(visit, researcher):
    page = visit()
    log_in(page, researcher, "/admin/auth/user/")
    page.wait_for_load_state("load")  # the button works once its script has heard of that
    root = page.locator("html")
    for theme in ("dark", "light", "auto"):
        page.locator("#header").get_by_role("button", name="Toggle theme").click()
        expect(root).to_have_attribute("data-theme", theme)
    sidebar = page.locator("#nav-sidebar")
    page.get_by_placeholder("Start typing to filter").fill("prompt set")
    expect(sidebar.get_by_role("link", name="Prompt sets", exact=True)).to_be_visible()
    expect(sidebar.get_by_role("link", name="Users", exact=True)).to_be_hidden()
    page.locator("#toggle-nav-sidebar").click()
    expect(page.locator("#main")).not_to_have_class(re.compile("shifted"))


def test_a_list_in_the_admin_is_searched_filtered_and_acted_on(visit, researcher):
    run = make_run()
    page = visit()
    log_in(page, researcher, "/admin/generation/generation/")
    page.locator("#searchbar").fill("dog")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"\?q=dog$"))
    # Which filters are open is remembered by a script.
    page.locator("#changelist-filter summary").filter(has_text="state").click()
    page.reload()
    expect(page.locator("#changelist-filter details").first).not_to_have_attribute("open", "")
    page.goto("/admin/generation/generationrun/")
    page.get_by_role("checkbox", name="Select all objects").check()
    expect(page.get_by_role("checkbox", name="Select this object")).to_be_checked()
    expect(page.get_by_text("1 of 1 selected")).to_be_visible()
    page.get_by_label("Action:").select_option(label="Make failed and cancelled images, and wake the workers")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("0 failed or cancelled images queued again.")).to_be_visible()
    assert run.generations.count() == 1


def test_a_user_is_added(visit, researcher):
    page = visit()
    log_in(page, researcher, "/admin/auth/user/add/")
    # A script shows the fields of a password to those who want one.
    password = page.locator("#id_password1")
    page.get_by_role("radio", name="Disabled").check()
    expect(password).to_be_hidden()
    page.get_by_role("radio", name="Enabled").check()
    expect(password).to_be_visible()
    page.get_by_label("Username:").fill("newcomer")
    for name in ("#id_password1", "#id_password2"):
        page.locator(name).fill("seven grey otters")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert User.objects.get(username="newcomer").has_usable_password()


def test_the_images_of_an_unfinished_run_appear_by_themselves(visit, researcher):
    run = make_run(finished=False)
    page = visit()
    log_in(page, researcher, f"/generation/runs/{run.pk}/")
    expect(page.get_by_text("0 of 1 images made")).to_be_visible()
    finished = make_run().generations.get()
    Generation.objects.filter(run=run).update(
        state=finished.state, image=finished.image.name, heat_maps=finished.heat_maps.name,
        width=finished.width, height=finished.height, finished_at=finished.finished_at,
    )  # fmt: skip
    expect(page.get_by_text("1 of 1 images made")).to_be_visible()
    page.get_by_role("link", name="A dog on a red sofa.").click()
    expect(page.get_by_role("heading", name="A dog on a red sofa.")).to_be_visible()


def test_a_report_and_its_figures(visit, researcher, pokes):
    study = make_rated_study()
    page = visit()
    log_in(page, researcher, f"/evaluation/studies/{study.pk}/report/")
    expect(page.get_by_text("Waits for a worker.")).to_be_visible()  # asked for by the page itself
    compute_report(Report.objects.get().pk)
    expect(page.get_by_text("The frozen plan").first).to_be_visible()
    figure = page.locator("figure img").first
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_js_property("complete", True)
    assert figure.evaluate("image => image.naturalWidth") > 0
    # By itself it looks as in the page: the outlines of its letters have no line around them.
    page.goto(figure.get_attribute("src"))
    assert (
        page.locator("svg path").first.evaluate("path => getComputedStyle(path).fill") == "rgb(255, 255, 255)"
    )
