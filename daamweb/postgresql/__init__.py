"""Django's PostgreSQL, with less to ask on a connection that is kept."""
