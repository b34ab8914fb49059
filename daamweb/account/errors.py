class WrongCodeError(ValueError):
    """The code is not the one that the device shows, or was used before."""
