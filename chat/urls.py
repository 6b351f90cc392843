"""Addresses of the chat."""

from django.urls import path

from chat.views import conversations, deleting, exporting, searching, thread

app_name = "chat"
urlpatterns = [
    path("", thread.home, name="home"),
    path("new/", thread.new, name="new"),
    path("search/", searching.search_page, name="search"),
    path("shortcuts/", conversations.shortcuts, name="shortcuts"),
    path("conversations/", conversations.conversations, name="conversations"),
    path("conversations/delete/", deleting.delete_all, name="delete_all"),
    path("conversations/undelete/", deleting.undelete_all, name="undelete_all"),
    path("conversations/export/", exporting.export_all, name="export_all"),
    path("conversations/export.zip", exporting.export_all_zip, name="export_all_zip"),
    path("conversations/export.json", exporting.export_all_json, name="export_all_json"),
    path("c/<uuid:conversation_id>/", thread.conversation, name="conversation"),
    path("c/<uuid:conversation_id>/mode/", thread.mode, name="mode"),
    path("c/<uuid:conversation_id>/select/", thread.select, name="select"),
    path("c/<uuid:conversation_id>/rename/", conversations.rename, name="rename"),
    path("c/<uuid:conversation_id>/pin/", conversations.pin, name="pin"),
    path("c/<uuid:conversation_id>/archive/", conversations.archive, name="archive"),
    path("c/<uuid:conversation_id>/export/", exporting.export, name="export"),
    path("c/<uuid:conversation_id>/export.md", exporting.export_markdown, name="export_markdown"),
    path("c/<uuid:conversation_id>/export.json", exporting.export_json, name="export_json"),
    path("c/<uuid:conversation_id>/delete/", deleting.delete, name="delete"),
    path("c/<uuid:conversation_id>/undelete/", deleting.undelete, name="undelete"),
    path("c/<uuid:conversation_id>/forget/", deleting.forget, name="forget"),
]
