"""Who may do what at each address: the people, what there is, and how an answer counts as allowed or refused.

The table itself is in `tests.role_table`; `tests/test_roles.py` asks every address as everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from chat.models import Conversation, Message, RecalledItem
from memory.domain.invitations import create_invitation, link_token
from memory.domain.recording import record_page
from memory.enums import KnowledgeStatus, Role, Tier
from memory.models import Assistant, Invitation, Memory
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.factories import (
    AssistantFactory,
    AssistantKnowledgeFactory,
    ImportFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
    UserFactory,
)

PEOPLE = ("anonymous", "stranger", "former", "member", "curator", "owner")
"""Nobody signed in; somebody with an assistant of their own; who was a member once; the roles. What is private in this
world is the member's."""
SECRET = "Zanzibar-4711"
"""Stands in everything that is the member's alone."""
FORMER_SECRET = "Samarkand-4712"
"""The same for who was a member once."""
_ADMIN = "admin:"
_ADMIN_ENTRANCES = {"login", "logout", "None"}
"""Its ways in and out, and what catches every other address."""
_WRITES = ("INSERT", "UPDATE", "DELETE")
_KEPT = ('"memory_', '"chat_', '"auth_user', "procrastinate")


@dataclass
class World:
    """One shared assistant, its people, and a row of every kind."""

    assistant: Assistant
    users: dict[str, User]
    memory: Memory
    conversation: Conversation
    answer: Message
    rows: dict[str, int] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    def arguments(self, route: Route) -> dict[str, Any]:
        """Return what the address is built with: the member's rows, or the assistant's."""
        given: dict[str, Any] = {}
        for name in route.converters:
            known = self.keys.get(f"{route.name}:{name}", self.keys.get(name))
            given[name] = self._pk(route.name) if known is None else known
        return given

    def _pk(self, name: str) -> int:
        bare = name.rpartition(":")[2]
        kinds = sorted(self.rows, key=len, reverse=True)
        return next(self.rows[kind] for kind in kinds if bare == kind or bare.startswith(f"{kind}-"))

    def clients(self) -> dict[str, Client]:
        """Return a browser for each person."""
        browsers = {name: Client() for name in PEOPLE}
        for name, user in self.users.items():
            browsers[name].force_login(user)
        return browsers


@dataclass(frozen=True, slots=True)
class Route:
    """A named address and what it is built from."""

    name: str
    converters: tuple[str, ...]

    def address(self, world: World) -> str:
        return reverse(self.name, kwargs=world.arguments(self))


def routes() -> list[Route]:
    """Return every address of the site but those of Django's admin, which has a test of its own."""
    return [route for route in _all_routes() if not route.name.startswith(_ADMIN)]


def _all_routes() -> list[Route]:
    return sorted(_walk(get_resolver().url_patterns, ""), key=lambda route: route.name)


def _walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        elif isinstance(pattern, URLPattern):
            parts = tuple(pattern.pattern.converters) or tuple(pattern.pattern.regex.groupindex)
            yield Route(f"{prefix}{pattern.name}", parts)


def admin_addresses() -> list[str]:
    """Return an address of every page of Django's admin that needs signing in."""
    return [
        reverse(route.name, kwargs={name: "auth" if name == "app_label" else "1" for name in route.converters})
        for route in _all_routes()
        if route.name.startswith(_ADMIN) and route.name.removeprefix(_ADMIN) not in _ADMIN_ENTRANCES
    ]


def build_world() -> World:
    """Return a world in the database, within the caller's transaction."""
    shared = AssistantFactory(slug="shared", name="Shared")
    users = {name: UserFactory(username=name) for name in PEOPLE if name != "anonymous"}
    MemoryFactory(assistant=AssistantFactory(slug="elsewhere"), user=users["stranger"])
    for name, role in (("curator", Role.CURATOR), ("owner", Role.OWNER)):
        MemoryFactory(assistant=shared, user=users[name], role=role)
    memory: Memory = MemoryFactory(assistant=shared, user=users["member"], role=Role.MEMBER)
    former = MemoryFactory(assistant=shared, user=users["former"])
    former.user.memberships.all().delete()
    PageFactory(memory=former, query=FORMER_SECRET, response=FORMER_SECRET)
    conversation = ConversationFactory(memory=memory, title=SECRET)
    question = QuestionFactory(conversation=conversation, content=f"Question {SECRET}?")
    answer = AnswerFactory(parent=question, content=f"Answer {SECRET}.")
    world = World(shared, users, memory, conversation, answer)
    _remember(world)
    _gather(world)
    world.keys |= {
        **dict.fromkeys(("chat:left_json:key", "chat:left_zip:key"), former.key),
        **{f"assistants:left-{name}:key": former.key for name in ("json", "markdown", "delete")},
        "join:token": link_token(Invitation.objects.get(pk=world.rows["link"])),
        "key": "no-key",
        "uidb36": "1",
        "assistant": shared.slug,
        "conversation_id": conversation.pk,
        "message_id": answer.pk,
        "page_id": world.rows["page"],
        "language": "en",
        "token": "no-token",
    }
    return world


def _gather(world: World) -> None:
    """Let there be one more member, a link to the assistant, a proposal of the member's and a device of theirs."""
    colleague = MembershipFactory(assistant=world.assistant, role=Role.MEMBER)
    link = create_invitation(world.assistant, Role.MEMBER, days=7, max_uses=None, by=world.users["owner"])
    proposal = AssistantKnowledgeFactory(
        assistant=world.assistant,
        text="Meets on Fridays.",
        status=KnowledgeStatus.PROPOSED,
        proposed_by=world.users["member"],
    )
    device = UserSession.objects.create(user=world.memory.user, ip="192.0.2.7", session_key="the-members")
    world.rows |= {"member": colleague.pk, "link": link.pk, "proposal": proposal.pk, "session": device.pk}


def _remember(world: World) -> None:
    memory = world.memory
    record_page(memory, query=f"Queued {SECRET}", response="")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' RETURNING id")
        job = int(cursor.fetchone()[0])
    segment = SegmentFactory(memory=memory, title=f"Topic {SECRET}", summary=SECRET, keywords=[SECRET])
    page = PageFactory(segment=segment, query=f"Question {SECRET}?", response=SECRET)
    rows = {
        "segment": segment,
        "page": page,
        "call": ModelCallFactory(memory=memory, model=SECRET, detail=SECRET),
        "import": ImportFactory(memory=memory, file_name=f"{SECRET}.json"),
        "profile": ProfileFactory(memory=memory, value=SECRET),
        "traits": TraitFactory(memory=memory, reason=SECRET),
        "knowledge": KnowledgeFactory(memory=memory, text=f"Lives in {SECRET}."),
        "other-knowledge": KnowledgeFactory(memory=memory, text=f"Likes {SECRET}."),
        "assistant-knowledge": AssistantKnowledgeFactory(assistant=world.assistant, text="Recommended a lake."),
        "other-assistant-knowledge": AssistantKnowledgeFactory(assistant=world.assistant, text="Recommended a hill."),
    }
    MemoryEventFactory(memory=memory, target_type="segment", target_id=segment.pk, after={"title": SECRET})
    RecalledItem.objects.create(
        message=world.answer, rank=1, tier=Tier.MID_TERM, object_id=page.pk, score=1.0, signals={}, tokens=9
    )
    world.rows |= {name: row.pk for name, row in rows.items()} | {"job": job}


def ask(
    browser: Client,
    method: str,
    address: str,
    data: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponseBase:
    """Ask, and keep the browser as it was: some addresses sign people out."""
    cookies = deepcopy(browser.cookies)
    try:
        answer: HttpResponseBase = getattr(browser, method)(address, data or {}, headers=headers or {})
        return answer
    finally:
        browser.cookies = cookies


def verdict(response: HttpResponseBase) -> str:
    """Return the letter for an answer, as `tests.role_table` explains them; ! for a fault of the server."""
    to = response.headers.get("Location", "") or response.headers.get("HX-Redirect", "")
    if to.startswith(reverse(settings.LOGIN_URL)):
        return "L"
    return {401: "1", 403: "3", 404: "4", 405: "."}.get(
        response.status_code, "!" if response.status_code > 499 else "+"
    )


def body_of(response: HttpResponseBase) -> str:
    """Return everything that an answer says."""
    if isinstance(response, StreamingHttpResponse):
        return b"".join(async_to_sync(_whole)(response)).decode(errors="replace")
    assert isinstance(response, HttpResponse)
    return response.content.decode(errors="replace")


async def _whole(response: StreamingHttpResponse) -> list[bytes]:
    return [bytes(piece) async for piece in response]


@contextmanager
def undone() -> Iterator[list[str]]:
    """Take back whatever happens in the block; the list fills with the statements that wrote to our tables."""
    written: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(_WRITES) and any(table in sql for table in _KEPT):
            written.append(sql[:200])
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            yield written
        transaction.set_rollback(True)
