"""Reading the environment: every bad value becomes one sentence that names its variable."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

_env = environ.Env()
_HOST_NAME = re.compile(r"(\*\.(?=.*\.))?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?")

_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


class InvalidSettingError(ImproperlyConfigured):
    """An environment variable holds a value that cannot be used; the message is for the operator."""


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding blanks; an empty one counts as not set."""
    return str(_env.str(name, default="")).strip() or default


def flag(name: str, default: bool = False) -> bool:
    """Return a yes/no variable."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise InvalidSettingError(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return a whole number within its bounds."""
    value = text(name)
    if not value:
        return default
    bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    try:
        number = int(value)
    except ValueError:
        raise InvalidSettingError(f"{name} must be a whole number {bounds}, not {value!r}.") from None
    if number < minimum or (maximum is not None and number > maximum):
        raise InvalidSettingError(f"{name} must be a whole number {bounds}, not {value!r}.")
    return number


def seconds(name: str, default: float) -> float:
    """Return a positive number of seconds."""
    value = text(name)
    if not value:
        return default
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise InvalidSettingError(f"{name} must be a positive number of seconds, not {value!r}.")
    return number


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words, in the case in which they are written here."""
    value = text(name, default)
    for word in allowed:
        if value.lower() == word.lower():
            return word
    raise InvalidSettingError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")


def folder(name: str, default: str) -> Path:
    """Return a folder; a relative one is beside `manage.py`, wherever the command was started."""
    return (BASE_DIR / Path(text(name, default)).expanduser()).absolute()


def web_address(name: str) -> str:
    """Return an http(s) address without a trailing slash, or "" when not set."""
    value = text(name).rstrip("/")
    if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
        raise InvalidSettingError(f"{name} must be an address like https://example.org/v1, not {value!r}.")
    return value


def host_names(name: str) -> tuple[str, ...]:
    """Return host names in lower case; one may begin with `*.`, which stands for every name below it."""
    names = tuple(part.strip().lower() for part in text(name).split(",") if part.strip())
    for host in names:
        if len(host) > 255 or not _HOST_NAME.fullmatch(host):
            raise InvalidSettingError(
                f"{name} must be host names with commas between them, "
                f"like images.example.org or *.example.org, not {host!r}."
            )
    return names


def mail_server(name: str) -> dict[str, Any]:
    """Return Django's settings for the server that sends e-mail; none when not set."""
    value = text(name)
    if not value:
        return {}
    wrong = InvalidSettingError(f"{name} must look like smtp+tls://user:password@mail.example.org:587.")
    try:
        port = _MAIL_PORTS.get(urlsplit(value).scheme)
        if port is None or not urlsplit(value).hostname:
            raise wrong
        found: dict[str, Any] = environ.Env.email_url_config(value)
    except ValueError:
        raise wrong from None
    return {"EMAIL_PORT": port, **{key: part for key, part in found.items() if part is not None}}


@dataclass(frozen=True)
class PublicUrl:
    """The one address under which people reach this site: scheme and host[:port], no path."""

    scheme: str
    netloc: str
    hostname: str

    @property
    def origin(self) -> str:
        """Return the origin as browsers spell it."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def is_secure(self) -> bool:
        """Tell whether browsers reach the site over https."""
        return self.scheme == "https"


def public_url(name: str = "PUBLIC_URL") -> PublicUrl | None:
    """Return the parsed PUBLIC_URL, or None when not set."""
    value = text(name)
    if not value:
        return None
    wrong = InvalidSettingError(
        f"{name} must be the whole address of the site without a path, like https://memory.example.org, not {value!r}."
    )
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise wrong from None
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or parts.username is not None
    ):
        raise wrong
    hostname = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default_port = 443 if parts.scheme == "https" else 80
    netloc = hostname if port in {None, default_port} else f"{hostname}:{port}"
    return PublicUrl(scheme=parts.scheme, netloc=netloc, hostname=hostname)
