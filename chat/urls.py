"""Addresses of the chat."""

from django.urls import path

from chat.views import conversations, memory_panel, thread

app_name = "chat"
urlpatterns = [
    path("", thread.home, name="home"),
    path("new/", thread.new, name="new"),
    path("conversations/", conversations.conversations, name="conversations"),
    path("c/<uuid:conversation_id>/", thread.conversation, name="conversation"),
    path("c/<uuid:conversation_id>/rename/", conversations.rename, name="rename"),
    path("c/<uuid:conversation_id>/delete/", conversations.delete, name="delete"),
    path("c/<uuid:conversation_id>/forget/", conversations.forget, name="forget"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/memory/", memory_panel.show, name="message-memory"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/remember/", memory_panel.remember, name="remember"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/remember/undo/", memory_panel.unremember, name="unremember"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/forget/", memory_panel.forget, name="forget-message"),
    path("c/<uuid:conversation_id>/m/<int:message_id>/forget/<int:page_id>/", memory_panel.forget, name="forget-page"),
]
