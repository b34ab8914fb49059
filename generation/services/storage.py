"""Store files as a whole, or leave nothing of them: a folder keeps the part that was written when its disk
got full."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def storage_errors() -> tuple[type[Exception], ...]:
    """What a local folder and S3 raise when a file cannot be stored or deleted. A function, since boto3 takes
    25 MB: a site without S3 loads it once something was raised."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError, Boto3Error)


def save_all(files: Mapping[str, bytes]) -> list[str]:
    """The names under which they are stored; all of them, or none. Raises `storage_errors()`."""
    stored: list[str] = []
    try:
        for name, content in files.items():
            stored.append(name)
            stored[-1] = default_storage.save(name, ContentFile(content))
    except storage_errors():
        remove_what_can_be(stored)
        raise
    return stored


def remove_what_can_be(names: Iterable[str]) -> None:
    """Of files that are not wanted, by whoever has something worse to tell."""
    for name in names:
        with suppress(*storage_errors()):
            default_storage.delete(name)
