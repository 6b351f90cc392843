"""The role matrix. A row an address: what GET and what POST give to everybody in `tests.roles.PEOPLE`, a letter each.

L sent to sign in, 3 forbidden (403), 4 not found (404), `.` method not offered (405), + served, or refused for what was
sent with it. The people: anonymous, stranger, former member, member, curator, owner; the rows asked for are the
member's own or the assistant's.
"""

from __future__ import annotations

from typing import Any

from memory.domain.traits import TRAIT_DIMENSIONS
from memory.models import Trait
from tests.roles import World

PRIVATE_TO_THE_MEMBER = "member"


def posted_to(name: str, world: World) -> dict[str, Any]:
    """Return what a form at this address sends, where an empty one would find nothing."""
    match name:
        case "memory:knowledge-replace" | "memory:assistant-knowledge-replace":
            return {"old": world.rows[f"other-{name.removeprefix('memory:').removesuffix('-replace')}"]}
        case "memory:traits-add":
            known = set(Trait.objects.filter(memory=world.memory).values_list("dimension", flat=True))
            return {"dimension": next(each for each in TRAIT_DIMENSIONS if each not in known), "level": "high"}
        case "memory:pages-forget":
            return {"id": world.rows["page"]}
        case "chat:select":
            return {"message": world.answer.pk}
    return {}


TABLE: dict[str, str] = {
    "catalogue": "++++++ ......",
    "chat:archive": "...... L44+44",
    "chat:conversation": "L44+44 ......",
    "chat:conversations": "L+++++ ......",
    "chat:delete": "L44+44 L44+44",
    "chat:delete_all": "L+++++ L+++++",
    "chat:export": "L44+44 ......",
    "chat:export_all": "L+++++ ......",
    "chat:export_all_json": "L+++++ ......",
    "chat:export_all_zip": "L+++++ ......",
    "chat:export_json": "L44+44 ......",
    "chat:export_markdown": "L44+44 ......",
    "chat:forget": "L44+44 L44+44",
    "chat:forget-message": "L44+44 L44+44",
    "chat:forget-page": "L44+44 L44+44",
    "chat:home": "L+++++ ......",
    "chat:message-memory": "L44+44 ......",
    "chat:mode": "...... L44+44",
    "chat:new": "L+++++ ......",
    "chat:paused": "L44+++ ......",
    "chat:pin": "...... L44+44",
    "chat:remember": "L44+44 L44+44",
    "chat:rename": "L44+44 L44+44",
    "chat:search": "L+++++ ......",
    "chat:select": "...... L44+44",
    "chat:shortcuts": "L+++++ ......",
    "chat:undelete": "...... L44+44",
    "chat:undelete_all": "...... L+++++",
    "chat:unremember": "...... L44+44",
    "healthz": "++++++ ......",
    "language": "++++++ ++++++",
    "login": "++++++ ++++++",
    "logout": "...... LLLLLL",
    "memory:assistant-knowledge": "L44+++ L44...",
    "memory:assistant-knowledge-add": "L443++ L443++",
    "memory:assistant-knowledge-approve": "L44... L443++",
    "memory:assistant-knowledge-archive": "L44... L443++",
    "memory:assistant-knowledge-bulk": "L443++ L443++",
    "memory:assistant-knowledge-decline": "L44... L443++",
    "memory:assistant-knowledge-delete": "L443++ L443++",
    "memory:assistant-knowledge-disable": "L44... L443++",
    "memory:assistant-knowledge-edit": "L443++ L443++",
    "memory:assistant-knowledge-enable": "L44... L443++",
    "memory:assistant-knowledge-forget": "L443++ L443++",
    "memory:assistant-knowledge-lock": "L44... L443++",
    "memory:assistant-knowledge-merge": "L443++ L443++",
    "memory:assistant-knowledge-pin": "L44... L443++",
    "memory:assistant-knowledge-reinstate": "L44... L443++",
    "memory:assistant-knowledge-replace": "L443++ L443++",
    "memory:assistant-knowledge-restore": "L44... L44344",
    "memory:assistant-knowledge-row": "L44+++ L44...",
    "memory:assistant-knowledge-unarchive": "L44... L443++",
    "memory:assistant-knowledge-undelete": "L44... L443++",
    "memory:assistant-knowledge-undelete-all": "L44... L44344",
    "memory:assistant-knowledge-unlock": "L44... L443++",
    "memory:assistant-knowledge-unpin": "L44... L443++",
    "memory:call": "L44+44 L44...",
    "memory:costs": "L44+++ L44...",
    "memory:demo-load": "L44... L44+++",
    "memory:demo-remove": "L44... L44+++",
    "memory:export": "L44+++ L44...",
    "memory:export-json": "L44+++ L44...",
    "memory:export-markdown": "L44+++ L44...",
    "memory:forget-everything": "L44+++ L44+++",
    "memory:home": "L+++++ L.....",
    "memory:import": "L44+44 L44...",
    "memory:import-cancel": "L44... L44+44",
    "memory:import-confirm": "L44... L44+44",
    "memory:import-retry": "L44... L44+44",
    "memory:import-upload": "L44+++ L44+++",
    "memory:job-retry": "L44... L44+44",
    "memory:knowledge": "L44+++ L44...",
    "memory:knowledge-add": "L44+++ L44+++",
    "memory:knowledge-archive": "L44... L44+44",
    "memory:knowledge-bulk": "L44+++ L44+++",
    "memory:knowledge-delete": "L44+44 L44+44",
    "memory:knowledge-disable": "L44... L44+44",
    "memory:knowledge-edit": "L44+44 L44+44",
    "memory:knowledge-enable": "L44... L44+44",
    "memory:knowledge-forget": "L44+44 L44+44",
    "memory:knowledge-lock": "L44... L44+44",
    "memory:knowledge-merge": "L44+++ L44+++",
    "memory:knowledge-pin": "L44... L44+44",
    "memory:knowledge-reinstate": "L44... L44+44",
    "memory:knowledge-replace": "L44+44 L44+44",
    "memory:knowledge-restore": "L44... L44444",
    "memory:knowledge-row": "L44+44 L44...",
    "memory:knowledge-unarchive": "L44... L44+44",
    "memory:knowledge-undelete": "L44... L44+44",
    "memory:knowledge-undelete-all": "L44... L44444",
    "memory:knowledge-unlock": "L44... L44+44",
    "memory:knowledge-unpin": "L44... L44+44",
    "memory:learning-pause": "L44... L44+++",
    "memory:learning-resume": "L44... L44+++",
    "memory:live": "L44+++ L44...",
    "memory:overview": "L44+++ L44...",
    "memory:page": "L44+44 L44...",
    "memory:page-disable": "L44... L44+44",
    "memory:page-enable": "L44... L44+44",
    "memory:page-forget": "L44+44 L44+44",
    "memory:pages-forget": "L44+++ L44444",
    "memory:profile": "L44+++ L44...",
    "memory:profile-add": "L44+++ L44+++",
    "memory:profile-delete": "L44+44 L44+44",
    "memory:profile-disable": "L44... L44+44",
    "memory:profile-edit": "L44+44 L44+44",
    "memory:profile-enable": "L44... L44+44",
    "memory:profile-forget": "L44+44 L44+44",
    "memory:profile-lock": "L44... L44+44",
    "memory:profile-restore": "L44... L44444",
    "memory:profile-row": "L44+44 L44...",
    "memory:profile-undelete": "L44... L44+44",
    "memory:profile-unlock": "L44... L44+44",
    "memory:recall-pause": "L44... L44+++",
    "memory:recall-resume": "L44... L44+++",
    "memory:segment": "L44+44 L44...",
    "memory:segment-analyse": "L44... L44+44",
    "memory:segment-archive": "L44... L44+44",
    "memory:segment-forget": "L44+44 L44+44",
    "memory:segment-restore": "L44... L44+44",
    "memory:segment-state": "L44+44 L44...",
    "memory:segments": "L44+++ L44...",
    "memory:short-term": "L44+++ L44...",
    "memory:timeline": "L44+++ L44...",
    "memory:traits": "L44+++ L44...",
    "memory:traits-add": "L44+++ L44+++",
    "memory:traits-delete": "L44+44 L44+44",
    "memory:traits-disable": "L44... L44+44",
    "memory:traits-edit": "L44+44 L44+44",
    "memory:traits-enable": "L44... L44+44",
    "memory:traits-forget": "L44+44 L44+44",
    "memory:traits-lock": "L44... L44+44",
    "memory:traits-restore": "L44... L44444",
    "memory:traits-row": "L44+44 L44...",
    "memory:traits-undelete": "L44... L44+44",
    "memory:traits-unlock": "L44... L44+44",
    "memory:try": "L44+++ L44+++",
    "settings": "L+++++ L+++++",
    "setup": "444444 444444",
}
