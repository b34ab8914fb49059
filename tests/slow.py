"""What `make test-fast` leaves out, and `make test` runs: see CONTRIBUTING.md.

Folders, files and single tests, by their paths below tests/. Folders and files are not even imported then.
"""

SLOW = (
    # They import torch, which alone takes longer than many tests, and compute with it.
    "benchmarks",
    "docs/test_engine_page.py",
    "generation/daam",
    "generation/demo",
    "generation/test_execution.py",
    "generation/test_jobs.py",
    # They start processes, or watch several connections.
    "annotations/test_opening_killed.py",
    "evaluation/frames/test_snapshots.py",
    "generation/test_claims_between_workers.py",
    "generation/test_killed_worker.py",
    "test_migrations.py",
    # They build large studies, or visit everything.
    "annotations/test_query_plans.py",
    "test_every_page.py",
    # They draw every figure, several times.
    "evaluation/commands/test_demo.py",
    "evaluation/commands/test_report.py",
    "evaluation/analyses/test_figures.py",
    "evaluation/reports/test_files.py",
    # They compute long.
    "evaluation/statistics/test_comparisons.py::test_the_papers_accuracies_of_cohyponyms_and_others",
)


def is_slow(name: str) -> bool:
    """Whether a folder, a file or a test is one of these or inside of one."""
    return name in SLOW or name.startswith(
        tuple(f"{slow}{mark}" for slow in SLOW for mark in ("/", "::", "["))
    )
