"""What the log does not say."""

import logging
import re

# Whoever knows such an address may take part in a study, or join a project.
ADDRESS = re.compile(r"(/s/|/invitations/)[\w-]+")
# PostgreSQL adds to an error the values of the row: answers, hashes, what a platform calls somebody.
DETAIL = re.compile(r"^DETAIL: .*?(?=\n\n(?:The above|During handling)|\Z)", re.MULTILINE | re.DOTALL)


class LineFormatter(logging.Formatter):
    """Writes a record without what should not be in a log, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        line = ADDRESS.sub(r"\1…", super().format(record))
        return DETAIL.sub("DETAIL: (not for the log)", line)
