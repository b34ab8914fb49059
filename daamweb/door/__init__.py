"""The door: where a request comes from, how much one address may ask for, and who gets in."""
