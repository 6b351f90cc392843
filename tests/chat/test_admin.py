import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from chat.models import RecalledItem
from memory.enums import Tier
from tests.chat.factories import AnswerFactory

pytestmark = pytest.mark.django_db


def fill(count: int) -> None:
    for n in range(count):
        answer = AnswerFactory()
        RecalledItem.objects.create(message=answer, rank=1, tier=Tier.MID_TERM, object_id=n, score=1.0, tokens=9)


@pytest.mark.parametrize("model", ["conversation", "message", "recalleditem"])
def test_lists_take_the_same_queries_however_long(
    admin_client: Client, model: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse(f"admin:chat_{model}_changelist")
    fill(1)
    with CaptureQueriesContext(connection) as one:
        assert admin_client.get(address, {"q": "1"}).status_code == 200
    fill(2)
    with django_assert_num_queries(len(one)):
        assert admin_client.get(address, {"q": "1"}).status_code == 200


@pytest.mark.parametrize("model", ["message", "recalleditem"])
def test_what_the_chat_writes_is_read_only(admin_client: Client, model: str) -> None:
    fill(1)
    answer = AnswerFactory()
    assert admin_client.get(reverse(f"admin:chat_{model}_add")).status_code == 403
    row = answer.pk if model == "message" else RecalledItem.objects.get().pk
    page = admin_client.get(reverse(f"admin:chat_{model}_change", args=[row]))
    assert (page.status_code, 'name="_save"' in page.text) == (200, False)


def test_a_conversations_title_can_be_mended_and_nothing_else(admin_client: Client) -> None:
    conversation = AnswerFactory().conversation
    memory = conversation.memory
    address = reverse("admin:chat_conversation_change", args=[conversation.pk])
    assert admin_client.post(address, {"title": "Mended", "memory": memory.pk + 1}).status_code == 302
    conversation.refresh_from_db()
    assert (conversation.title, conversation.memory) == ("Mended", memory)
    assert admin_client.get(reverse("admin:chat_conversation_add")).status_code == 403
