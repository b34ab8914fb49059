"""The statistics of the paper and of the report: pure functions, one file per family."""
