"""Django settings of MemoryOS; everything an operator may change comes from the environment."""

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF

from memoryos_site.environment import (
    BASE_DIR,
    InvalidSettingError,
    choice,
    flag,
    folder,
    host_names,
    integer,
    mail_server,
    public_url,
    seconds,
    text,
    web_address,
)
from memoryos_site.secret_key import load_secret_key

DEBUG = flag("DEBUG")
DATA_DIR = folder("MEMORYOS_DATA_DIR", "var")
SECRET_KEY = text("SECRET_KEY") or load_secret_key(DATA_DIR)
# Former keys: what was signed or sealed with them still holds.
SECRET_KEY_FALLBACKS = [key.strip() for key in text("SECRET_KEY_FALLBACKS").split(",") if key.strip()]

# --- Address. `memoryos_site.hosts` decides which Host headers are served: Django's own list has no way to
# say "any literal IP address", which a LAN needs and which DNS rebinding cannot abuse.
PUBLIC_URL = public_url()
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.origin] if PUBLIC_URL else []
if PUBLIC_URL and PUBLIC_URL.is_secure:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Cookies stay host-only (no Domain). `Secure` is set per response by `hosts.SecureCookiesMiddleware`, on
# https only: forcing it here would break signing in on http://127.0.0.1 and on the LAN. The names are our own
# because cookies ignore ports: another Django site on the same machine must not sign people out of this one.
SESSION_COOKIE_NAME = "memoryos_session"
CSRF_COOKIE_NAME = "memoryos_csrf"
SESSION_COOKIE_AGE = 30 * 24 * 3600

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "memoryos_site.accounts",
    "memory",
    "chat",
]
MIDDLEWARE = [
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    # Before whatever may refuse a request: people read refusals, too. It needs no session, only a cookie.
    "django.middleware.locale.LocaleMiddleware",
    "memoryos_site.hosts.KnownHostMiddleware",
    "memoryos_site.hosts.SecureCookiesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "memoryos_site.accounts.seen.SeenMiddleware",
    "memoryos_site.lookups.AdminLookupMiddleware",
]
ROOT_URLCONF = "memoryos_site.urls"
ASGI_APPLICATION = "memoryos_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "memoryos_site.preferences.appearance",
            ],
        },
    },
]
# Whose images an answer may show: they are told who reads what, and when. Without any, an image is a link.
CHAT_IMAGE_HOSTS = host_names("CHAT_IMAGE_HOSTS")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", *(f"https://{host}" for host in CHAT_IMAGE_HOSTS)],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}


def _database() -> dict[str, Any]:
    """Return the server of DATABASE_URL, else the embedded one in the data folder."""
    url = text("DATABASE_URL")
    if not url:
        return {"ENGINE": "memoryos_site.embedded_postgres", "NAME": "memoryos", "OPTIONS": {}}
    wrong = InvalidSettingError("DATABASE_URL must look like postgres://user:password@host:5432/name.")
    if not url.startswith(("postgres://", "postgresql://")):
        raise wrong
    try:
        database: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        raise wrong from None
    if not database["NAME"]:
        raise wrong
    database.setdefault("OPTIONS", {})
    return database


# Under ASGI a persistent connection per thread leaks connections; a pool with explicit bounds does not.
DATABASES = {"default": {**_database(), "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}}
DATABASES["default"]["OPTIONS"]["pool"] = {
    "min_size": 1,
    "max_size": integer("DATABASE_POOL_MAX", 16, maximum=1000),
    "timeout": 10,
}
# Server settings given to the embedded server when it starts.
EMBEDDED_POSTGRES_OPTIONS: dict[str, str] = {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Every worker, inline or `manage.py procrastinate worker`: what was done leaves no row behind, what failed does.
PROCRASTINATE_WORKER_DEFAULTS = {"delete_jobs": "successful"}

REDIS_URL = text("REDIS_URL")
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
    if REDIS_URL
    else {"BACKEND": "chat.layer.OneProcessLayer"},
}

# What is counted against guessing passwords. Several web processes, which need Redis anyway, count together; a single
# one counts in its own memory. In the database it would be a write for each attempt, and a table to look after.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "memoryos_site.shared_cache.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "memoryos",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# --- E-mail. Without a server nothing is sent, and no page offers what would need it.
_MAIL = mail_server("EMAIL_URL")
MAIL_IS_ON = bool(_MAIL)
if MAIL_IS_ON and PUBLIC_URL is None:
    # Without it a link would lead wherever the request claimed to have come to: somebody else's server, perhaps.
    raise InvalidSettingError("EMAIL_URL needs PUBLIC_URL, the address that links in e-mails lead to.")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL_IS_ON else 'dummy'}.EmailBackend"
EMAIL_HOST = _MAIL.get("EMAIL_HOST", "")
EMAIL_PORT = _MAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _MAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = bool(_MAIL.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_MAIL.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", f"memoryos@{PUBLIC_URL.hostname if PUBLIC_URL else 'localhost'}")

# --- Accounts (django-allauth). A person is known by a user name; an e-mail address is a way back in, if at all.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
MEMORYOS_SIGNUP = choice("MEMORYOS_SIGNUP", "invitation", ("open", "invitation", "closed"))
ACCOUNT_ADAPTER = "memoryos_site.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "memoryos_site.accounts.forms.SignUpForm",
    "change_password": "memoryos_site.accounts.forms.ChangePasswordForm",
    "set_password": "memoryos_site.accounts.forms.SetPasswordForm",
    "reset_password": "memoryos_site.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "memoryos_site.accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = MAIL_IS_ON
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[MemoryOS] "
# Whether an address is known here, no page tells: an account may be opened with one that somebody else has confirmed,
# and never confirms it.
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
# Besides allauth's own: wrong passwords of one account from all addresses together.
ACCOUNT_RATE_LIMITS = {"login_failed_anywhere": "50/15m/key"}
PASSWORD_RESET_TIMEOUT = 24 * 3600
# How many of the last addresses in X-Forwarded-For our own proxies wrote; any other would be the client's word.
ALLAUTH_TRUSTED_PROXY_COUNT = integer("TRUSTED_PROXIES", 0, minimum=0, maximum=10)
# No passkeys: they belong to one https host name, and this product is reached by several, often by a bare address.
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "memoryos_site.accounts.two_step.TwoStepAdapter"
MFA_FORMS = {
    "authenticate": "memoryos_site.accounts.forms.AuthenticateForm",
    "reauthenticate": "memoryos_site.accounts.forms.ReauthenticateForm",
    "activate_totp": "memoryos_site.accounts.forms.ActivateForm",
}
MFA_TOTP_ISSUER = "MemoryOS"
MFA_TOTP_TOLERANCE = 1
# By default an account with an unconfirmed address gets none, because addresses are what it is known by; not here.
MFA_ALLOW_UNVERIFIED_EMAIL = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

# A person's choice (cookie), else the browser's wish (Accept-Language), else English. To add a language, name it here.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["memoryos_site.formats"]
LANGUAGE_COOKIE_NAME = "memoryos_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# `collectstatic` (Docker) writes a manifest: then names carry hashes and are cached for ever. Without one
# (`make run`) files come straight from where they lie and browsers ask whether they changed.
STATIC_URL = "static/"
STATIC_ROOT = Path(text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
HAS_STATIC_MANIFEST = (STATIC_ROOT / "staticfiles.json").is_file()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "memoryos_site.staticfiles.HashedModulesStorage"
        if HAS_STATIC_MANIFEST or flag("STATIC_HASHED")
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
SERVESTATIC_USE_FINDERS = not HAS_STATIC_MANIFEST
SERVESTATIC_AUTOREFRESH = DEBUG
SERVESTATIC_MAX_AGE = 0
SERVESTATIC_ALLOW_ALL_ORIGINS = False

LOG_LEVEL = choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django would mail administrators and filter by DEBUG; here everything goes to stderr, once.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # Refused requests (404, 403, 410 ...) are answered, not faults; failures of the server are errors.
        "django.request": {"level": "ERROR"},
        "httpx2": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING" if LOG_LEVEL == "INFO" else LOG_LEVEL},
        "procrastinate": {"level": "WARNING" if LOG_LEVEL == "INFO" else LOG_LEVEL},
    },
}

# --- Models. Without a key and without a base URL the built-in responder answers.
OPENAI_API_KEY = text("OPENAI_API_KEY")
OPENAI_BASE_URL = web_address("OPENAI_BASE_URL")
MODEL = text("MODEL", "gpt-4o-mini" if OPENAI_API_KEY or OPENAI_BASE_URL else "")
MODEL_TIMEOUT = seconds("MODEL_TIMEOUT", 60.0)
# Whether people may connect models at private addresses (Ollama on this machine, say) on the pages. What stands in the
# variables above is the operator's own word and always called.
MEMORYOS_PRIVATE_ADDRESSES = choice("MEMORYOS_PRIVATE_ADDRESSES", "refuse", ("allow", "refuse"))
# Blank: WordLlama, which needs no network.
EMBEDDING_MODEL = text("EMBEDDING_MODEL")
EMBEDDING_BASE_URL = web_address("EMBEDDING_BASE_URL")
EMBEDDING_API_KEY = text("EMBEDDING_API_KEY")

CHAT_MESSAGE_MAX_CHARACTERS = integer("CHAT_MESSAGE_MAX_CHARACTERS", 32_000)
CHAT_FRAMES_PER_MINUTE = integer("CHAT_FRAMES_PER_MINUTE", 240)
CHAT_ANSWERS_PER_MINUTE = integer("CHAT_ANSWERS_PER_MINUTE", 30)
CHAT_SOCKETS_PER_PERSON = integer("CHAT_SOCKETS_PER_PERSON", 20)
# Whether a connected model is asked for the title of a conversation.
CHAT_TITLES = flag("CHAT_TITLES", default=True)

# The biggest file that can be imported, and the most that may come out of a packed one, in MB of 1,000,000 bytes.
MEMORYOS_IMPORT_MAX_MB = integer("MEMORYOS_IMPORT_MAX_MB", 64, maximum=2000)

# "inline": any server of `memoryos_site.asgi` also runs the background jobs; `manage.py serve` always may.
MEMORYOS_WORKER = choice("MEMORYOS_WORKER", "off", ("inline", "off"))
