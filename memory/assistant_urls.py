"""Addresses of assistants as such, under `/assistants/`."""

from django.urls import URLPattern, path

from memory.views.assistants import invitations, members, proposals, usage

app_name = "assistants"

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

urlpatterns: list[URLPattern] = [*PEOPLE, *proposals.urlpatterns, *usage.urlpatterns]
