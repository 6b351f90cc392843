"""How a person wants the interface, kept in cookies: it holds before anybody has signed in, and for each device.

The language's cookie is Django's own under our name (LANGUAGE_COOKIE_NAME); without one, the browser's wish decides.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from memoryos_site.languages import catalogue_version

THEME_COOKIE = "memoryos_theme"


class Theme(TextChoices):
    """Light, dark, or what the device says."""

    SYSTEM = "system", _("System")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


def language_of(request: HttpRequest) -> str:
    """Return the language this person has chosen; blank when the browser decides."""
    code = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return code if code in dict(settings.LANGUAGES) else ""


def theme_of(request: HttpRequest) -> Theme:
    """Return the appearance this person has chosen."""
    name = request.COOKIES.get(THEME_COOKIE, "")
    return Theme(name) if name in Theme.values else Theme.SYSTEM


def keep(response: HttpResponse, cookie: str, value: str) -> None:
    """Keep a choice for a year; forget it when blank. `Secure` comes from `hosts.SecureCookiesMiddleware`."""
    if value:
        response.set_cookie(cookie, value, max_age=settings.LANGUAGE_COOKIE_AGE, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(cookie, samesite="Lax")


def appearance(request: HttpRequest) -> dict[str, str]:
    """Context processor: what every page's frame needs to be drawn as the person wants it, without a script."""
    return {"theme": theme_of(request).value, "catalogue_version": catalogue_version()}
