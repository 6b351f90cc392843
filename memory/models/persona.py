"""Long-term personal memory about the person: static profile and the 90 trait dimensions (section 3.3)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from memory.domain.traits import TRAIT_DIMENSIONS, category_of, label_of
from memory.enums import TraitLevel
from memory.models.memory import Memory
from memory.models.page import Page


class Profile(models.Model):
    """One static attribute of the person, such as "occupation: data scientist"."""

    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="profile")
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=500)
    locked = models.BooleanField(default=False, help_text="Set by a person: no model changes it.")
    disabled = models.BooleanField(default=False, help_text="Kept, and shown to no model.")
    sources = models.ManyToManyField(Page, blank=True, related_name="profile_attributes")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "profile attribute"
        constraints = (
            models.UniqueConstraint(fields=("memory", "name"), name="profile_attribute_once"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(value=""), name="profile_attribute_not_empty"),
        )

    def __str__(self) -> str:
        return gettext("Profile attribute %(number)s") % {"number": self.pk}


class Trait(models.Model):
    """A level on one of the 90 dimensions, with its reason and evidence. Never seen means no row, not "low"."""

    memory = models.ForeignKey(Memory, on_delete=models.CASCADE, related_name="traits")
    dimension = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=TraitLevel.choices)
    reason = models.TextField(blank=True, max_length=1000)
    locked = models.BooleanField(default=False, help_text="Set by a person: no model changes it.")
    disabled = models.BooleanField(default=False, help_text="Kept, and shown to no model.")
    evidence = models.ManyToManyField(Page, blank=True, related_name="traits")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("dimension",)
        constraints = (
            models.UniqueConstraint(fields=("memory", "dimension"), name="trait_once"),
            models.CheckConstraint(condition=Q(dimension__in=TRAIT_DIMENSIONS), name="trait_dimension_known"),
            models.CheckConstraint(condition=Q(level__in=TraitLevel.values), name="trait_level_known"),
        )

    def __str__(self) -> str:
        return gettext("Trait %(number)s") % {"number": self.pk}

    @property
    def label(self) -> str:
        """The dimension's name for the person who reads it."""
        return gettext(label_of(self.dimension))

    @property
    def category(self) -> str:
        return category_of(self.dimension)
