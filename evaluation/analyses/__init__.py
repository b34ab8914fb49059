"""One module per analysis of the paper: frames of responses in, statistics in frozen dataclasses out."""
