"""What a command draws on a terminal."""


def record_progress(monkeypatch, command) -> list[int]:
    """The total of the command's bar, then its steps."""
    drawn: list[int] = []

    class Bar:
        def __init__(self, *, total: int, unit: str):
            drawn.append(total)
            self.n = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, steps: int) -> None:
            self.n += steps
            drawn.append(steps)

    monkeypatch.setattr(command, "progress_bar", Bar)
    return drawn
