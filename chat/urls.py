"""Addresses of the chat."""

from django.urls import path

from chat.views import conversations, deleting, exporting, memory_panel, pausing, searching, thread

app_name = "chat"
urlpatterns = [
    path("", thread.home, name="home"),
    path("new/", thread.new, name="new"),
    path("search/", searching.search_page, name="search"),
    path("shortcuts/", conversations.shortcuts, name="shortcuts"),
    path("paused/<slug:assistant>/", pausing.paused, name="paused"),
    path("conversations/", conversations.conversations, name="conversations"),
    path("conversations/delete/", deleting.delete_all, name="delete_all"),
    path("conversations/undelete/", deleting.undelete_all, name="undelete_all"),
    path("conversations/export/", exporting.export_all, name="export_all"),
    path("conversations/export.zip", exporting.export_all_zip, name="export_all_zip"),
    path("conversations/export.json", exporting.export_all_json, name="export_all_json"),
    path("conversations/left/<uuid:key>.zip", exporting.left_zip, name="left_zip"),
    path("conversations/left/<uuid:key>.json", exporting.left_json, name="left_json"),
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
    path("c/<uuid:conversation_id>/m/<int:message_id>/memory/", memory_panel.show, name="message-memory"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/remember/", memory_panel.remember, name="remember"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/remember/undo/", memory_panel.unremember, name="unremember"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/forget/", memory_panel.forget, name="forget-message"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/forget/<int:page_id>/", memory_panel.forget, name="forget-page"),
]
