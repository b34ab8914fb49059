"""What a report is computed with."""

from importlib.metadata import version

from daamweb import CODE_VERSION

# Raised when what stands around the analyses changes, so that stored reports are computed anew.
REPORT_VERSION = 7
LIBRARIES = ("numpy", "scipy", "statsmodels", "pandas")


def computed_with() -> tuple[tuple[str, str], ...]:
    """Rows of the first table of every report."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        ("computed by", f"daamweb {CODE_VERSION}"),
        ("computed with", f"report version {REPORT_VERSION}, {libraries}"),
    )
