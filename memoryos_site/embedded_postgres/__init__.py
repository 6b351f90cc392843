"""A PostgreSQL server of our own for installations without DATABASE_URL, as a Django database backend."""
