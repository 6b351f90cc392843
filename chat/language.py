"""The language in which a socket speaks to its person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language_from_request


def language_of(scope: Mapping[str, Any]) -> str:
    """Return the language that a page would have: the person's choice in the cookie, else their browser's."""
    headers = dict(scope.get("headers", ()))
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get(b"accept-language", b"").decode("latin-1")
    request.COOKIES = scope.get("cookies", {})
    return get_language_from_request(request)
