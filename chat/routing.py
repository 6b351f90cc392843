"""The chat's websockets."""

from django.urls import path

from chat.consumers import ChatConsumer

websocket_urlpatterns = [
    # Channels' URLRouter takes an ASGI application where Django's stubs know views only.
    path("ws/chat/<uuid:conversation_id>/", ChatConsumer.as_asgi()),  # type: ignore[arg-type]
]
