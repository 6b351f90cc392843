"""Every error the memory raises on purpose. Edges translate them to HTTP, frames or exit codes.

`message` is what a class tells a person unless something else is given. It becomes text when it is shown or stored, in
the language that is active then: a background job stores English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.enums import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_stubs_ext import StrPromise

    from memory.llm.base import Usage


class MemoryOSError(Exception):
    """The base of them all."""

    message: ClassVar[StrPromise] = _("Something went wrong in the memory.")

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.message)


class InvalidPage(MemoryOSError):
    message = _("A page needs a message or an answer.")


class ExternalIdConflict(MemoryOSError):
    message = _("A page with this external id exists already and says something else.")


class ImportFault(MemoryOSError):
    message = _("The file could not be imported.")
    longest: ClassVar[int] = 500

    def __init__(self, message: str = "") -> None:
        """What is quoted of the file may be as long as the file."""
        super().__init__(message if len(message) <= self.longest else f"{message[: self.longest - 1]}…")


class ImportTooBig(ImportFault):
    message = _("The file is too big to be imported.")


class ImportNotOpen(MemoryOSError):
    message = _("This import has ended, or waits for nothing; nothing was changed.")


class DemoLoaded(MemoryOSError):
    message = _("The demo data is loaded already.")


class TransferConflict(MemoryOSError):
    message = _("Another worker moved these pages first; nothing was changed.")


class PromotionConflict(MemoryOSError):
    message = _("Another worker analysed this segment first; nothing was changed.")


class LearningPaused(MemoryOSError):
    message = _("Learning is paused: nothing new is remembered until you resume it.")


class SegmentArchived(MemoryOSError):
    message = _("This segment is archived. Restore it first; nothing was changed.")


class InvalidConsolidation(MemoryOSError):
    message = _("The model's answer does not fit the pages it was given.")


class ModelError(MemoryOSError):
    message = _("The language model could not answer.")
    outcome = Outcome.SERVER_ERROR

    def __init__(self, message: str = "", *, usage: Usage | None = None) -> None:
        """`usage` is what was paid all the same: for an answer that could not be used, or those before it."""
        super().__init__(message)
        self.usage = usage


class ModelUnreachable(ModelError):
    message = _("The language model could not be reached. Check that its server runs and that the address is right.")
    outcome = Outcome.UNREACHABLE


class ModelUnauthorised(ModelError):
    message = _("The language model's server refused the key. Check the key.")
    outcome = Outcome.UNAUTHORISED


class ModelAddressRefused(ModelUnreachable):
    message = _(
        "The language model's address is in a private network, where this installation lets nobody connect. "
        "Whoever runs it can allow that."
    )


class ModelMoved(ModelUnreachable):
    message = _("The language model's server sends to another address. Enter the one it sends to.")


class ModelKeyUnreadable(ModelUnauthorised):
    message = _(
        "The key of the language model cannot be read: SECRET_KEY has changed. An owner has to enter the key again."
    )


class ModelRateLimited(ModelError):
    message = _("The language model's server asks to slow down, or its quota is used up. Try again in a little while.")
    outcome = Outcome.RATE_LIMITED


class ModelTimedOut(ModelError):
    message = _("The language model took too long to answer.")
    outcome = Outcome.TIMED_OUT


class ModelServerError(ModelError):
    message = _("The language model's server failed.")
    outcome = Outcome.SERVER_ERROR


class ModelRefused(ModelError):
    message = _("The language model's server refused the request. Check that it has a model of this name.")
    outcome = Outcome.REFUSED


class ModelCutOff(ModelError):
    message = _("The connection to the language model broke in the middle of the answer.")
    outcome = Outcome.CUT_OFF


class ModelEmptyAnswer(ModelError):
    message = _("The language model answered with nothing.")
    outcome = Outcome.EMPTY


class ModelMalformedAnswer(ModelError):
    message = _("The language model's answer was not in the form asked for.")
    outcome = Outcome.MALFORMED


class InvalidText(MemoryOSError):
    message = _("The text is empty or too long.")


class DuplicateKnowledge(MemoryOSError):
    message = _("An entry that says the same exists already.")


class KnowledgeChanged(MemoryOSError):
    message = _("One of these facts was changed, replaced or deleted meanwhile; nothing was changed.")


class KnownTrait(MemoryOSError):
    message = _("This trait is known already: edit that one.")


class EditConflict(MemoryOSError):
    message = _("This was changed while you were editing.")


class NothingToRestore(MemoryOSError):
    message = _("This cannot be brought back: its words are not in the activity log (any more).")


class NotAMember(MemoryOSError):
    message = _("This person is not a member of the assistant.")


class NotAllowed(MemoryOSError):
    message = _("Your role at this assistant does not allow this (any more); nothing was changed.")


class LastOwner(MemoryOSError):
    message = _("An assistant needs an owner: make somebody else an owner first. Nothing was changed.")

    @classmethod
    def of(cls, assistants: Sequence[str]) -> LastOwner:
        """Name the assistants that would be left without an owner."""
        said = gettext("These assistants need another owner first: %(names)s. Nothing was changed.")
        return cls(said % {"names": ", ".join(assistants)})


class AlreadyMember(MemoryOSError):
    message = _("This person is a member already.")


class UnknownPerson(MemoryOSError):
    message = _("There is nobody of this name here.")


class InvitationUnusable(MemoryOSError):
    message = _("This invitation is not valid.")


class InvitationExpired(InvitationUnusable):
    message = _("This invitation has expired. Ask for a new one.")


class InvitationRevoked(InvitationUnusable):
    message = _("This invitation was withdrawn. Ask for a new one.")


class InvitationUsedUp(InvitationUnusable):
    message = _("This invitation has been used up. Ask for a new one.")


class InvitationGone(InvitationUnusable):
    message = _("This invitation is no longer there. Ask for a new one.")


class InvitationOfArchived(InvitationUnusable):
    message = _("This assistant has been archived, so nobody can join it any more.")


class AssistantIsArchived(MemoryOSError):
    message = _("This assistant is archived. It can be read and exported; nothing in it is changed.")


class NobodyElse(MemoryOSError):
    message = _("Nobody else uses this assistant, so there is nobody to share this with.")


class FactFromDemo(MemoryOSError):
    message = _("This fact comes from the demo data, so it cannot be shared with the team.")


class ProposalDecided(MemoryOSError):
    message = _("Somebody else has decided this meanwhile; nothing was changed.")


class PrivateAddress(MemoryOSError):
    message = _("This address is in a private network, where this installation lets nobody connect.")


class MemberAgain(MemoryOSError):
    message = _("You are a member of this assistant again; nothing was deleted.")


class InvalidSettings(MemoryOSError):
    message = _("Some of these settings cannot be.")

    def __init__(self, faults: dict[str, str]) -> None:
        """`faults` has a sentence for each field that is wrong."""
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = faults


class InvalidAddress(MemoryOSError):
    message = _(
        "This is no address of a server: it begins with http:// or https:// and holds no user name, password or “?”."
    )


class KeyUnreadable(MemoryOSError):
    message = _("The stored key cannot be read: SECRET_KEY has changed; enter the key again.")


class TooManyTests(MemoryOSError):
    message = _("That were many tests within a minute. Wait a little before the next one.")


class KeyOfAnotherAddress(MemoryOSError):
    message = _(
        "The stored key belongs to the former address and is not sent to another one. Enter the key for this address, "
        "or choose “No key”."
    )


class NothingToForget(MemoryOSError):
    message = _("This is not in the memory (any more).")


class ForgettingChanged(MemoryOSError):
    message = _("The memory has changed meanwhile, and with it what would be forgotten; nothing was changed.")


class JobNotFound(MemoryOSError):
    message = _("There is no such failed job.")
