"""What the address of a list in Django's admin may ask: Django takes much from it that no database can be asked."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse

from memoryos_site.views import bad_request

logger = logging.getLogger(__name__)

_NULL = ("\0", "%00")
_OUT_OF_RANGE = (OverflowError, ValueError, DataError)


class AdminLookupMiddleware:
    """Answers a question that cannot be asked with 400; of Django's admin alone, which would fail: our own pages say
    what is wrong with what they were sent.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Refuse null characters, which PostgreSQL takes nowhere."""
        query = str(request.META.get("QUERY_STRING", ""))
        if _is_admin(request) and any(null in query for null in _NULL):
            raise BadRequest("The address holds a null character.")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refuse a date or a number beyond what there is: it shows as late as when it is compared."""
        if not (_is_admin(request) and request.GET and isinstance(exception, _OUT_OF_RANGE)):
            return None
        logger.warning("A list of the admin could not be asked for %s", request.GET.urlencode(), exc_info=exception)
        return bad_request(request, exception)


def _is_admin(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.app_name == "admin"
