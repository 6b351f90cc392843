"""The interface's languages beyond templates: the catalogue of our scripts, and what goes over websockets."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, parse_cookie
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views.decorators.http import etag
from django.views.i18n import JavaScriptCatalog

CATALOGUE_AGE = 365 * 24 * 3600


@lru_cache(maxsize=1)
def catalogue_version() -> str:
    """Return 12 hex digits that change with the scripts' catalogues."""
    digest = hashlib.sha256()
    for folder in settings.LOCALE_PATHS:
        for path in sorted(Path(folder).glob("*/LC_MESSAGES/djangojs.mo")):
            digest.update(path.parent.parent.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _tag(_request: HttpRequest, language: str) -> str:
    return f'"{language}-{catalogue_version()}"'


class Catalogue(JavaScriptCatalog):
    """`gettext`, `ngettext` and `interpolate` for our scripts, in the language of the address.

    Pages ask for it with `?v=` and the catalogues' version, so a browser keeps it until that changes. With no version
    or another one it is asked for anew, and answered by 304.
    """

    # The admin's catalogue is served by the admin; of the apps, none has one of its own: ours is in LOCALE_PATHS.
    packages = ["memory"]

    @method_decorator(etag(_tag))
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Serve the catalogue. Raises Http404 for a language that there is not."""
        language = str(kwargs["language"])
        if language not in dict(settings.LANGUAGES):
            raise Http404
        with translation.override(language):
            response: HttpResponse = super().get(request)
        response.headers["Content-Language"] = language
        if request.GET.get("v") == catalogue_version():
            patch_cache_control(response, public=True, max_age=CATALOGUE_AGE, immutable=True)
        else:
            patch_cache_control(response, no_cache=True)
        return response


class SocketLanguage:
    """ASGI middleware: a websocket speaks the language that `LocaleMiddleware` would choose for its page.

    Tasks that the connection starts inherit the language with their context.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve the connection in its language."""
        with translation.override(language_of_scope(scope)):
            await self.application(scope, receive, send)


def language_of_scope(scope: dict[str, Any]) -> str:
    """Return the language for a connection: cookie, else Accept-Language, else English."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
    request = HttpRequest()
    request.COOKIES = parse_cookie(headers.get(b"cookie", ""))
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get(b"accept-language", "")
    return translation.get_language_from_request(request)
