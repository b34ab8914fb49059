"""What `make test-fast` leaves out, and `make test` runs: see CONTRIBUTING.md.

Folders, files and single tests, by their paths below tests/. Folders and files are not even imported then.
"""

SLOW = (
    # They import torch, which alone takes longer than many tests (spaCy does too), or a browser.
    "benchmarks",
    "browser",
    "docs/test_engine_page.py",
    "generation/commands/test_parse_prompts.py",
    "generation/daam",
    "generation/demo",
    "generation/prompts/test_parsing.py",
    "generation/services/test_interrupted_parses.py",
    "generation/services/test_parses.py",
    "generation/test_coco_captions.py",
    "generation/test_execution.py",
    "generation/test_execution_failures.py",
    "generation/test_jobs.py",
    "work/test_contract.py",
    # They start processes, or watch several connections.
    "account/test_concurrency.py",
    "annotations/test_crowd.py",
    "annotations/test_opening_killed.py",
    "door/limits/test_concurrency.py",
    "door/test_gunicorn_worker.py",
    "door/test_slow_clients.py",
    "door/test_trusted_proxies.py",
    "evaluation/frames/test_snapshots.py",
    "generation/test_claims_between_workers.py",
    "generation/test_killed_worker.py",
    "projects/test_contest.py",
    "projects/services/test_editing_at_once.py",
    "test_architecture.py::test_the_site_never_imports_torch",
    "test_checks.py::test_django_has_nothing_to_say_against_the_settings_as_they_are",
    "test_files.py",
    "test_migrations.py",
    "test_processes.py",
    "test_stopping.py",
    "work/test_heartbeats.py",
    # They build large studies, or visit everything.
    "annotations/test_query_plans.py",
    "annotations/test_simulated_order.py",
    "permissions",
    "test_addresses.py",
    "test_every_page.py",
    "test_permissions.py",
    # They compute whole reports and draw their figures.
    "evaluation/analyses/cohyponyms/test_section.py",
    "evaluation/analyses/opinion/test_section.py",
    "evaluation/analyses/test_figures.py",
    "evaluation/commands",
    "evaluation/reports/test_files.py",
    "evaluation/services",
    "evaluation/test_dropped.py",
    "evaluation/test_jobs.py",
    "evaluation/views/test_reports.py",
    # They compute long.
    "evaluation/statistics/test_comparisons.py",
)


def is_slow(name: str) -> bool:
    """Whether a folder, a file or a test is one of these or inside of one."""
    return name in SLOW or name.startswith(
        tuple(f"{slow}{mark}" for slow in SLOW for mark in ("/", "::", "["))
    )
