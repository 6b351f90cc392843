"""Settings of the test run: a database of its own, of the developer's environment only DATABASE_URL."""

import os
import tempfile

_KEPT = {"MEMORYOS_TEST_DIR"}
_DROPPED = {
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "LOG_LEVEL",
    "MODEL",
    "MODEL_TIMEOUT",
    "PUBLIC_URL",
    "REDIS_URL",
    "SECRET_KEY_FALLBACKS",
    "STATIC_ROOT",
    "STATIC_HASHED",
    "TRUSTED_PROXIES",
}
for _name in set(os.environ) - _KEPT:
    if _name in _DROPPED or _name.startswith(("OPENAI_", "EMBEDDING_", "MEMORYOS_", "CHAT_", "DATABASE_POOL")):
        del os.environ[_name]
os.environ["SECRET_KEY"] = "only-for-tests-" + "0" * 50
# One folder for the whole run: the workers of pytest-xdist inherit the variable from their controller.
# `conftest` makes and deletes it.
TEST_DIR = os.environ.setdefault(
    "MEMORYOS_TEST_DIR", os.path.join(tempfile.gettempdir(), f"memoryos-tests-{os.getuid()}-{os.getpid()}")
)
os.environ["MEMORYOS_DATA_DIR"] = os.path.join(TEST_DIR, "unit")

from memoryos_site.settings import *  # noqa: E402, F403
from memoryos_site.settings import LOGGING, MIDDLEWARE  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMBEDDED_POSTGRES_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# Static files are served, and tested, by the real server process; this middleware is async only and costs every
# request of Django's synchronous test client two changes of thread.
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("servestatic.")]
# Without a handler of ours, `caplog` and pytest's report get every record once.
LOGGING["root"] = {"handlers": [], "level": "INFO"}
