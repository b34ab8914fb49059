"""What was chosen of each task."""

import numpy as np
import pandas as pd


def choices_by_task(responses: pd.DataFrame) -> dict[int, tuple[int, ...]]:
    """In the order of the rows."""
    tasks = responses["task"].to_numpy()
    order = np.argsort(tasks, kind="stable")
    found, first = np.unique(tasks[order], return_index=True)
    chosen = responses["choice"].to_numpy(dtype=np.int64)[order].tolist()
    bounds = [*first.tolist(), len(chosen)]
    return {
        task: tuple(chosen[begin:end])
        for task, begin, end in zip(found.tolist(), bounds[:-1], bounds[1:], strict=True)
    }
