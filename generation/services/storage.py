"""What goes wrong with the storage of files."""


def storage_errors() -> tuple[type[Exception], ...]:
    """What a local folder and S3 raise when a file cannot be stored or deleted. A function, since boto3 takes
    25 MB: a site without S3 loads it once something was raised."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError, Boto3Error)
