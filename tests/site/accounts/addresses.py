"""The site's addresses with the page an invitation leads to, which is another part's."""

from django.http import HttpResponse
from django.urls import path

from memoryos_site.urls import handler400, handler429, handler500
from memoryos_site.urls import urlpatterns as site

__all__ = ["handler400", "handler429", "handler500", "urlpatterns"]

urlpatterns = [path("join/<str:token>/", lambda _request, token: HttpResponse(token), name="join"), *site]
