"""The group "Operators": everything that running an installation takes, and nothing that is private."""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed
from django.contrib import admin
from django.contrib.auth.management import create_permissions
from django.db.models import Q

NAME = "Operators"


def create_operators(using: str = "default", apps: Any = installed, **_: Any) -> None:
    """Make the group where it is missing, with the permissions that the admin's pages name (`operators_may`).

    Called after every migration. A group that is there is left as it is: whoever runs the installation may have changed
    it. Does nothing where the tables are not there yet.
    """
    try:
        group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
        apps.get_model("memory", "SharedKnowledge")
    except LookupError:
        return
    groups = group_model.objects.using(using)
    if groups.filter(name=NAME).exists():
        return
    # Those of apps that come later are made later; here they are needed now.
    for label in sorted({model._meta.app_label for model, _may in _granted()}):
        create_permissions(installed.get_app_config(label), verbosity=0, using=using)
    wanted = Q()
    for model, may in _granted():
        names = [f"{action}_{model._meta.model_name}" for action in may]
        wanted |= Q(content_type__app_label=model._meta.app_label, codename__in=names)
    group, _created = groups.get_or_create(name=NAME)
    group.permissions.set(permission_model.objects.using(using).filter(wanted))


def _granted() -> list[tuple[Any, tuple[str, ...]]]:
    """Return the models of which operators see something, and what they may do with them."""
    registered = admin.site._registry.items()
    return [(model, may) for model, page in registered if (may := getattr(page, "operators_may", ()))]
