"""Limits that hold across processes, for addresses and whatever else may ask too much.

    from daamweb.door.limits.buckets import take

    if not (taken := take("join 17", client_address(request), burst=250, per_second=1)):
        …  # come again in taken.wait seconds

Counters are rows (`daamweb.door.models.Bucket`), so that nothing but the database is needed. Whose a counter
is stands there as a hash under a key of the day (`daamweb.door.limits.hashes`).
"""
