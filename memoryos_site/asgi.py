"""The ASGI application: pages over HTTP, the chat over websockets, background work over lifespan."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memoryos_site.settings")
_http = get_asgi_application()

from django.conf import settings  # noqa: E402

from chat.routing import websocket_urlpatterns  # noqa: E402
from memoryos_site.hosts import OriginCheck  # noqa: E402
from memoryos_site.languages import SocketLanguage  # noqa: E402
from memoryos_site.lifespan import Lifespan  # noqa: E402

# The stubs of channels want a subclass of Django's URLPattern that exists in the stubs only.
_sockets = URLRouter(websocket_urlpatterns)  # type: ignore[arg-type]


def build_application(*, worker: bool) -> ProtocolTypeRouter:
    """Return the whole site; with `worker` it also runs the background jobs in its event loop."""
    return ProtocolTypeRouter(
        {
            "http": _http,
            "websocket": OriginCheck(SocketLanguage(AuthMiddlewareStack(_sockets))),
            "lifespan": Lifespan(worker=worker),
        }
    )


application = build_application(worker=settings.MEMORYOS_WORKER == "inline")
