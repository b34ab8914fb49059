"""The door: where a request comes from, how much one address may ask for, who gets in; how much a request may
bring, what it is made of, and how long it may take."""
