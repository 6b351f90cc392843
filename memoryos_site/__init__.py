"""Settings, URLs, server and embedded PostgreSQL of the MemoryOS site."""
