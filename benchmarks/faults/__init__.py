"""The demo, left running while its workers are killed, its broker is damaged and its clock is moved."""
