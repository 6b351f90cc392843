"""Addresses of the chat."""

from django.urls import path

from chat.views import conversations, thread

app_name = "chat"
urlpatterns = [
    path("", thread.home, name="home"),
    path("new/", thread.new, name="new"),
    path("conversations/", conversations.conversations, name="conversations"),
    path("c/<uuid:conversation_id>/", thread.conversation, name="conversation"),
    path("c/<uuid:conversation_id>/mode/", thread.mode, name="mode"),
    path("c/<uuid:conversation_id>/select/", thread.select, name="select"),
    path("c/<uuid:conversation_id>/rename/", conversations.rename, name="rename"),
    path("c/<uuid:conversation_id>/delete/", conversations.delete, name="delete"),
    path("c/<uuid:conversation_id>/forget/", conversations.forget, name="forget"),
]
