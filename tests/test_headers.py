"""Every kind of response carries the site's headers."""

import re

import pytest
from django.core.files.storage import InMemoryStorage
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from daamweb.headers import add_headers, content_policy
from evaluation.jobs import compute_report, write_export
from evaluation.models import Export, Report
from evaluation.services.results import load_document
from tests.annotations.views.visits import address, join, picture
from tests.evaluation.studies import make_rated_study
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
PICTURE_POLICY = {
    "default-src": "'none'", "style-src": "'unsafe-inline'", "frame-ancestors": "'none'", "sandbox": "",
}  # fmt: skip


def parsed(policy: str) -> dict[str, str]:
    return {name: sources for name, _, sources in (each.partition(" ") for each in policy.split("; "))}


def assert_has_headers(response, policy=POLICY) -> None:
    headers = response.headers
    assert parsed(headers["Content-Security-Policy"]) == policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Access-Control-Allow-Origin" not in headers
    features = headers["Permissions-Policy"].split(", ")
    assert {"camera=()", "microphone=()", "geolocation=()", "payment=()"} <= set(features)
    assert all(re.fullmatch(r"[a-z-]+=\(\)", feature) for feature in features)


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("/", 200),
        ("/admin/", 200),
        ("/admin/annotations/study/", 200),
        ("/admin/jsi18n/", 200),
        ("/admin/logout/", 405),
        ("/no/such/page/", 404),
    ],
)
def test_pages(researcher_client, page, status):
    response = researcher_client.get(page)
    assert response.status_code == status
    assert_has_headers(response)
    assert "no-store" in response.headers["Cache-Control"]


def test_what_a_stranger_is_told(client):
    for page, status in (("/admin/", 302), ("/admin/login/", 200), ("/s/nobody/", 404)):
        response = client.get(page)
        assert response.status_code == status
        assert_has_headers(response)


def test_what_an_annotator_is_told(client):
    study = make_open_study()
    turn = join(client, study).assignments.get()
    told = {
        200: client.get(address("assignment", study, turn.pk)),
        204: client.post(address("keep", study)),
        302: client.get(address("start", study)),
        422: client.post(address("assignment", study, turn.pk)),
    }
    for status, response in told.items():
        assert response.status_code == status
        assert_has_headers(response)
        assert "no-store" in response.headers["Cache-Control"]


def test_what_is_refused_before_any_page(settings):
    settings.ROOT_URLCONF = "tests.broken_pages"
    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    told = {
        400: browser.get("/", HTTP_HOST="elsewhere.example"),
        403: browser.post("/form/"),
        500: browser.get("/broken/"),
    }
    for status, response in told.items():
        assert response.status_code == status
        assert_has_headers(response)
        assert response.headers["Cache-Control"] == "no-store"
    assert "The page could not be checked." in told[403].text
    assert "Something went wrong on our side." in told[500].text


def test_the_way_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    response = Client().get("/")
    assert response.status_code == 301
    assert_has_headers(response)


def test_pictures_run_nothing_and_may_be_kept(researcher_client, pokes):
    study = make_open_study()
    task = study.tasks.select_related("generation").first()
    shown = reverse("generation:image", args=[task.generation.pk])
    for name in (shown, picture("image", task), picture("overlay", task)):
        response = researcher_client.get(name)
        assert response.status_code == 200
        assert_has_headers(response, PICTURE_POLICY)
        for_whom = "private" if name == shown else "public"  # whoever has a signed address may see it
        assert set(re.split(", ?", response.headers["Cache-Control"])) == {
            for_whom, "max-age=31536000", "immutable",
        }  # fmt: skip


def test_files_of_a_study(researcher_client, pokes):
    study = make_rated_study()
    researcher_client.post(reverse("evaluation:responses", args=[study.pk]))
    export = Export.objects.get()
    write_export(export.pk)
    for name, row in (
        ("export", export), ("participations", export), ("codebook", study),
        ("participations_codebook", study),
    ):  # fmt: skip
        response = researcher_client.get(reverse(f"evaluation:{name}", args=[row.pk]))
        assert response.headers["Content-Type"].startswith("text/csv")
        assert_has_headers(response)
        assert "no-store" in response.headers["Cache-Control"]
    researcher_client.post(reverse("evaluation:refresh_study", args=[study.pk, "opinion"]))
    report = Report.objects.get()
    compute_report(report.pk)
    report.refresh_from_db()
    figures = [each for section in load_document(report)["sections"] for each in section["figures"]]
    address = reverse("evaluation:figure", args=[report.fingerprint, figures[0]["name"]])
    response = researcher_client.get(address)
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert_has_headers(response, PICTURE_POLICY)


def test_static_files(settings, tmp_path):
    (tmp_path / "page.css").write_text("p {}")
    (tmp_path / "mark.svg").write_text("<svg/>")
    settings.STATIC_ROOT = tmp_path
    browser = Client()
    for name, policy in (("page.css", POLICY), ("mark.svg", PICTURE_POLICY)):
        response = browser.get(f"/static/{name}")
        assert response.status_code == 200
        assert_has_headers(response, policy)
        assert "public" in response.headers["Cache-Control"]


def test_a_page_may_say_who_may_frame_it():
    own = content_policy(frame_ancestors="https://app.example.org")
    answer = HttpResponse(headers={"Content-Security-Policy": own})
    response = add_headers(lambda request: answer)(RequestFactory().get("/"))
    assert parsed(response.headers["Content-Security-Policy"]) == {
        **POLICY, "frame-ancestors": "https://app.example.org",
    }  # fmt: skip


def test_tracebacks_are_shown_with_their_styles_where_debug_makes_them(settings):
    settings.DEBUG = True
    for status, has_policy in ((200, True), (404, False), (500, False)):
        answer = HttpResponse(status=status)
        response = add_headers(lambda request, answer=answer: answer)(RequestFactory().get("/"))
        assert ("Content-Security-Policy" in response.headers) is has_policy


class Store(InMemoryStorage):
    """As S3 does, it says where others find a file."""

    def url(self, name: str) -> str:
        return f"https://store.example.org/bucket/{name}?signature=1"


def test_pictures_may_come_from_a_store_that_has_addresses_of_its_own(settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.test_headers.Store"}}
    policy = Client().get("/").headers["Content-Security-Policy"]
    assert "img-src 'self' https://store.example.org;" in policy
    assert "script-src 'self';" in policy


def test_pictures_from_s3_need_no_question_to_it(settings, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    options = {"bucket_name": "pictures", "endpoint_url": "https://s3.example.org"}
    store = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    assert "img-src 'self' https://s3.example.org;" in Client().get("/").headers["Content-Security-Policy"]
