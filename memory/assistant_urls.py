"""Addresses of assistants as such, under `/assistants/`."""

from django.urls import URLPattern

from memory.views.assistants import proposals, usage

app_name = "assistants"

urlpatterns: list[URLPattern] = []
urlpatterns += [*proposals.urlpatterns, *usage.urlpatterns]
