"""Progress bars for commands: drawn on a terminal, silent in logs and pipes."""

from tqdm import tqdm


def progress_bar(*, total: int, unit: str) -> tqdm:
    return tqdm(total=total, unit=f" {unit}", disable=None, leave=False)
