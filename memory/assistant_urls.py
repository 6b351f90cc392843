"""Addresses of assistants as such, under `/assistants/`."""

from django.urls import URLPattern, path

from memory.views.assistants import (
    connecting,
    constants,
    invitations,
    left,
    listing,
    members,
    proposals,
    settings,
    usage,
)

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

PEOPLE = [
    path("<slug:assistant>/members/", members.Members.as_view(), name="members"),
    path("<slug:assistant>/members/add/", members.MemberAdd.as_view(), name="member-add"),
    path("<slug:assistant>/members/leave/", members.Leave.as_view(), name="leave"),
    path("<slug:assistant>/members/links/new/", invitations.LinkCreate.as_view(), name="link-new"),
    path("<slug:assistant>/members/links/<int:pk>/revoke/", invitations.LinkRevoke.as_view(), name="link-revoke"),
    path("<slug:assistant>/members/<int:pk>/role/", members.MemberRole.as_view(), name="member-role"),
    path("<slug:assistant>/members/<int:pk>/remove/", members.MemberRemove.as_view(), name="member-remove"),
    path("<slug:assistant>/members/<int:pk>/transfer/", members.MemberTransfer.as_view(), name="member-transfer"),
]
"""Who belongs to an assistant, and who is invited."""

OF_THE_MODEL = [
    path("<slug:assistant>/model/", connecting.AssistantModel.as_view(), name="model"),
    path("<slug:assistant>/model/test/", connecting.AssistantModelTest.as_view(), name="model-test"),
    path("<slug:assistant>/model/models/", connecting.AssistantModels.as_view(), name="model-list"),
    path("<slug:assistant>/model/disconnect/", connecting.AssistantModelDisconnect.as_view(), name="model-disconnect"),
]

urlpatterns: list[URLPattern] = [
    *OF_ASSISTANTS,
    *OF_THE_MODEL,
    *PEOPLE,
    *proposals.urlpatterns,
    *usage.urlpatterns,
]
