"""Addresses of assistants as such, under `/assistants/`."""

from django.urls import URLPattern, path

from memory.views.assistants import constants, left, listing, settings

app_name = "assistants"

OF_ASSISTANTS: list[URLPattern] = [
    path("", listing.AssistantList.as_view(), name="list"),
    path("new/", listing.NewAssistant.as_view(), name="new"),
    path("left/<uuid:key>/memory.json", left.LeftJson.as_view(), name="left-json"),
    path("left/<uuid:key>/memory.md", left.LeftMarkdown.as_view(), name="left-markdown"),
    path("left/<uuid:key>/delete/", left.DeleteLeft.as_view(), name="left-delete"),
    path("<slug:assistant>/", settings.Settings.as_view(), name="settings"),
    path("<slug:assistant>/duplicate/", settings.Duplicate.as_view(), name="duplicate"),
    path("<slug:assistant>/archive/", settings.Archive.as_view(), name="archive"),
    path("<slug:assistant>/restore/", settings.Restore.as_view(), name="restore"),
    path("<slug:assistant>/memory/", constants.Constants.as_view(), name="constants"),
    path("<slug:assistant>/memory/reset/", constants.ResetConstants.as_view(), name="constants-reset"),
]

urlpatterns: list[URLPattern] = [*OF_ASSISTANTS]
