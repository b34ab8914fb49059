"""Django's PostgreSQL, with connections that are looked at instead of asked before each request."""
