"""Addresses of assistants as such, under `/assistants/`."""

from django.urls import URLPattern

app_name = "assistants"

urlpatterns: list[URLPattern] = []
