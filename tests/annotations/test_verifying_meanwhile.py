"""A study that people answer is held against its plan: on SQLite who writes must not be in the middle of
reading, since somebody else may have written since they began to read."""

import json

from tests.site import Site

VERIFY = """
import json, sqlite3
from contextlib import closing
from unittest.mock import patch
from django.conf import settings
from annotations.models import Study, Verification
from annotations.services import plans, verifications
from benchmarks.large_runs import make_large_run
from benchmarks.large_studies import make_large_draft, open_large_study
study = open_large_study(make_large_draft(make_large_run(3), name="large", tasks=9, replicas=1))

def answer(done, total):
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=1)) as rater:
        rater.execute("UPDATE annotations_study SET reopenings = reopenings + 1")
        rater.commit()

with patch.object(plans, "LOADED_AT_ONCE", 4), patch.object(verifications, "SLICE", 2):
    verification = verifications.request_verification(study=study)
    verifications.run_verification(verification=verification, progress=answer)
verification.refresh_from_db()
study.refresh_from_db()
print(json.dumps([verification.state, verification.error, study.reopenings]))
"""


def test_a_verification_tells_how_far_it_is_while_others_write(tmp_path):
    site = Site(tmp_path)
    site.migrate()
    told = site.manage("shell", "--verbosity", "0", "--command", VERIFY)
    # After each second task, for rows and for files, and at the end.
    assert json.loads(told.splitlines()[-1]) == ["done", "", 4 + 5]
