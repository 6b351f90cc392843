"""The group "Operators": made after migrating, with all that the work takes and nothing that is private."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from memory.admin.operators import NAME, create_operators
from memory.models import Assistant, Knowledge, Page
from tests.memory.administration import operator
from tests.memory.factories import UserFactory

pytestmark = pytest.mark.django_db

# What operators may do beyond looking. Whatever is added here is given to every operator of a new installation.
MORE = {
    "auth.add_user", "auth.change_user", "auth.delete_user",
    "memory.add_assistant", "memory.change_assistant",
    "memory.add_membership", "memory.change_membership", "memory.delete_membership",
    "memory.change_invitation", "memory.delete_modelconnection",
    "memory.change_sharedknowledge", "memory.delete_sharedknowledge",
    "memory.change_backgroundjob",
}  # fmt: skip


def test_operators_see_all_and_open_nothing() -> None:
    granted = operator().get_all_permissions()
    looking = {name for name in granted if name.partition(".")[2].startswith("view_")}
    assert granted - looking == MORE
    registered = {
        f"{model._meta.app_label}.view_{model._meta.model_name}"
        for model, page in admin.site._registry.items()
        if model._meta.app_label in ("memory", "chat")
    }
    ours = {name for name in looking if name.partition(".")[0] in ("auth", "memory", "chat")}
    assert ours == registered | {"auth.view_user"}
    assert "memory.open_private" not in granted


def test_the_group_is_made_where_it_is_missing() -> None:
    Group.objects.filter(name=NAME).delete()
    # As in an installation whose chat comes after its memory: its permissions are not there yet.
    Permission.objects.filter(content_type__app_label="chat").delete()
    create_operators()
    create_operators()
    assert Group.objects.get(name=NAME).permissions.filter(content_type__app_label="chat").count() == 5


def test_a_group_that_was_changed_stays_so() -> None:
    group = operator().groups.get()
    group.permissions.clear()
    create_operators()
    assert not group.permissions.exists()


def test_nothing_is_made_before_there_are_tables() -> None:
    class Nothing:
        def get_model(self, *_: str) -> None:
            raise LookupError

    Group.objects.filter(name=NAME).delete()
    create_operators(apps=Nothing())
    assert not Group.objects.filter(name=NAME).exists()


def test_what_the_log_had_quoted_is_gone() -> None:
    person = UserFactory()
    for model, number in ((Page, "5"), (Knowledge, "6"), (Assistant, "7")):
        kind = ContentType.objects.get_for_model(model)
        LogEntry.objects.create(
            user=person, content_type=kind, object_id=number, object_repr="Zanzibar", action_flag=CHANGE
        )
    migration = import_module("memory.migrations.0010_admin")
    with connection.schema_editor() as editor:
        migration.quote_no_more(apps, editor)
    assert list(LogEntry.objects.order_by("object_id").values_list("object_repr", flat=True)) == [
        "#5",
        "#6",
        "Zanzibar",
    ]
