"""Proposing one's own facts to the team, withdrawing them, and what forgetting does to what was shared."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import User
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.consolidation import transfer_all
from memory.domain.context import prepare_reply
from memory.domain.deciding import approve_knowledge, decline_knowledge
from memory.domain.forgetting import EVERYTHING, Target, forget, preview
from memory.domain.knowledge import Learning, delete_knowledge, learn_knowledge, learnt_proposals
from memory.domain.proposing import own_proposals, proposals, propose_knowledge, withdraw_proposal
from memory.domain.similar import similar_to
from memory.domain.undoing import undelete_knowledge
from memory.embedding.base import Vectors
from memory.enums import EventKind, KnowledgeStatus, Role, Subject
from memory.exceptions import (
    DuplicateKnowledge,
    InvalidText,
    KnowledgeChanged,
    ModelUnreachable,
    NobodyElse,
    NotAllowed,
    NotAMember,
    ProposalDecided,
)
from memory.llm.base import Fact
from memory.models import Knowledge, Membership, Memory, MemoryEvent
from tests.memory.domain.test_at_once import at_once
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
)
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder
from tests.memory.processes import forget_jobs
from tests.memory.traces import traces_of

pytestmark = pytest.mark.django_db
EMBEDDER = WordEmbedder()
TEXT = "The release is on Friday."


class AwayEmbedder(WordEmbedder):
    """An embedder whose server is away."""

    def embed(self, texts: object, *, timeout: float | None = None) -> Vectors:
        raise ModelUnreachable


def member(role: Role = Role.MEMBER) -> Memory:
    """A memory at an assistant that somebody else curates."""
    memory: Memory = MemoryFactory(role=role)
    MembershipFactory(assistant=memory.assistant, role=Role.CURATOR)
    return memory


def curator_of(memory: Memory) -> User:
    user: User = memory.assistant.memberships.get(role=Role.CURATOR).user
    return user


def fact_of(memory: Memory, text: str = "The user plans the release for Friday.") -> Knowledge:
    fact: Knowledge = KnowledgeFactory(memory=memory, text=text, valid_from=EPOCH)
    fact.sources.add(PageFactory(memory=memory, query="I plan the release for Friday."))
    return fact


def propose(memory: Memory, text: str = TEXT, fact: Knowledge | None = None) -> Knowledge:
    return propose_knowledge(fact or fact_of(memory), text, EMBEDDER, by=memory.user)


def test_just_the_confirmed_words_are_proposed_and_nothing_else_of_the_fact() -> None:
    memory = member()
    fact = fact_of(memory)
    entry = propose(memory, f"  {TEXT} ", fact)
    entry.refresh_from_db()
    assert (entry.text, entry.status, entry.subject) == (TEXT, KnowledgeStatus.PROPOSED, Subject.ASSISTANT)
    assert (entry.assistant, entry.memory, entry.proposed_by, entry.shared_from) == (
        memory.assistant, None, memory.user, fact,
    )  # fmt: skip
    assert (entry.locked, entry.pinned, entry.valid_from, entry.times_confirmed) == (True, False, None, 1)
    assert (entry.sources.count(), entry.embedding_model) == (0, EMBEDDER.name)
    assert entry.confirmed_at > EPOCH
    fact.refresh_from_db()
    assert (fact.status, fact.text) == (KnowledgeStatus.ACTIVE, "The user plans the release for Friday.")
    told = [(e.kind, e.memory_id, e.target_id, e.user, e.after) for e in MemoryEvent.objects.order_by("pk")]
    assert told == [
        (EventKind.PROPOSED, None, entry.pk, memory.user, {"text": TEXT, "name": memory.user.username}),
        (EventKind.PROPOSED, memory.pk, fact.pk, memory.user, {"text": TEXT}),
    ]


def test_only_ones_own_facts_in_use_and_only_to_others() -> None:
    memory, other = member(), MemoryFactory()
    fact = fact_of(memory)
    with pytest.raises(NotAllowed):
        propose_knowledge(fact, TEXT, EMBEDDER, by=curator_of(memory))
    with pytest.raises(NotAllowed):
        propose_knowledge(AssistantKnowledgeFactory(), TEXT, EMBEDDER, by=memory.user)
    with pytest.raises(NobodyElse):
        propose_knowledge(fact_of(other), TEXT, EMBEDDER, by=other.user)
    with pytest.raises(InvalidText):
        propose(memory, "  ", fact)
    for status in set(KnowledgeStatus) - {KnowledgeStatus.ACTIVE}:
        with pytest.raises(KnowledgeChanged):
            propose(memory, TEXT, KnowledgeFactory(memory=memory, status=status))
    Membership.objects.filter(user=memory.user).delete()
    with pytest.raises(NotAMember):
        propose(memory, TEXT, fact)
    assert not Knowledge.objects.filter(proposed_by__isnull=False).exists()
    assert not MemoryEvent.objects.exists()


def test_what_the_team_has_is_not_proposed_again() -> None:
    memory = member()
    fact = fact_of(memory)
    entry = propose(memory, TEXT, fact)
    with pytest.raises(DuplicateKnowledge, match="proposed already"):
        propose(memory, TEXT.upper(), fact_of(memory, "Another fact."))
    with pytest.raises(DuplicateKnowledge, match="You have proposed this fact already"):
        propose(memory, "Other words.", fact)
    approve_knowledge(entry, by=curator_of(memory))
    with pytest.raises(DuplicateKnowledge, match="The team shares this already"):
        propose(memory, TEXT, fact)
    assert Knowledge.objects.filter(assistant=memory.assistant).count() == 1


def test_that_it_was_declined_is_for_the_proposer_and_for_those_who_curate() -> None:
    memory = member()
    second = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    third = MemoryFactory(assistant=memory.assistant, role=Role.CURATOR)
    fact = fact_of(memory)
    decline_knowledge(propose(memory, TEXT, fact), by=third.user)
    for someone, own in ((memory, fact), (third, fact_of(third))):
        with pytest.raises(DuplicateKnowledge, match="declined"):
            propose(someone, TEXT, own)
    assert propose(second).status == KnowledgeStatus.PROPOSED
    assert propose(memory, "The release is planned for Friday.", fact).status == KnowledgeStatus.PROPOSED


@pytest.mark.parametrize("role", [Role.CURATOR, Role.OWNER])
def test_who_decides_shares_at_once(role: Role) -> None:
    memory = member(role)
    fact = fact_of(memory)
    entry = propose_knowledge(fact, TEXT, EMBEDDER, by=memory.user, decided=True)
    entry.refresh_from_db()
    assert (entry.status, entry.proposed_by, entry.embedding_model) == (
        KnowledgeStatus.ACTIVE, memory.user, EMBEDDER.name,
    )  # fmt: skip
    told = [(e.kind, e.memory_id, e.target_id, e.user) for e in MemoryEvent.objects.order_by("pk")]
    assert told == [
        (EventKind.PROPOSED, None, entry.pk, memory.user),
        (EventKind.PROPOSED, memory.pk, fact.pk, memory.user),
        (EventKind.APPROVED, None, entry.pk, memory.user),
    ]


def test_who_may_not_decide_any_more_proposes() -> None:
    memory = member()
    entry = propose_knowledge(fact_of(memory), TEXT, EMBEDDER, by=memory.user, decided=True)
    assert entry.status == KnowledgeStatus.PROPOSED
    assert MemoryEvent.objects.filter(kind=EventKind.APPROVED).count() == 0


def test_what_is_shared_at_once_gets_its_vector_later_where_the_server_is_away() -> None:
    memory = member(Role.OWNER)
    forget_jobs()
    entry = propose_knowledge(fact_of(memory), TEXT, AwayEmbedder(), by=memory.user, decided=True)
    assert (entry.status, entry.embedding_model) == (KnowledgeStatus.ACTIVE, "")
    assert ProcrastinateJob.objects.get().task_name == "memory.consolidate"
    transfer_all(memory, ScriptedConsolidator(), EMBEDDER)
    entry.refresh_from_db()
    assert entry.embedding_model == EMBEDDER.name


def test_an_embedder_that_is_away_loses_nothing() -> None:
    memory = member()
    forget_jobs()
    entry = propose_knowledge(fact_of(memory), TEXT, AwayEmbedder(), by=memory.user)
    assert (entry.status, entry.embedding_model) == (KnowledgeStatus.PROPOSED, "")
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args["memory_id"]) == ("memory.consolidate", memory.pk)
    transfer_all(memory, ScriptedConsolidator(), EMBEDDER)
    entry.refresh_from_db()
    assert entry.embedding_model == EMBEDDER.name


def test_what_waits_can_be_withdrawn_and_leaves_no_words_to_the_team() -> None:
    memory = member()
    entry = propose(memory)
    pk = entry.pk
    with pytest.raises(NotAllowed):
        withdraw_proposal(entry, by=curator_of(memory))
    withdraw_proposal(entry, by=memory.user)
    assert not Knowledge.objects.filter(pk=pk).exists()
    shared = MemoryEvent.objects.filter(memory=None).order_by("pk").values_list("kind", "after")
    assert list(shared) == [
        (EventKind.PROPOSED, None),
        (EventKind.PROPOSED, {"name": memory.user.username, "withdrawn": True}),
    ]
    mine = memory.events.order_by("pk").values_list("kind", "after")
    assert list(mine) == [
        (EventKind.PROPOSED, {"text": TEXT}),
        (EventKind.PROPOSED, {"text": TEXT, "withdrawn": True}),
    ]
    with pytest.raises(Knowledge.DoesNotExist):
        withdraw_proposal(entry, by=memory.user)


def test_what_was_decided_is_not_withdrawn() -> None:
    memory = member()
    entry = propose(memory)
    approve_knowledge(entry, by=curator_of(memory))
    with pytest.raises(ProposalDecided):
        withdraw_proposal(entry, by=memory.user)
    assert Knowledge.objects.get(pk=entry.pk).status == KnowledgeStatus.ACTIVE


def prompt_of(memory: Memory) -> str:
    """Return what a model would be given to answer this person."""
    reply = prepare_reply(memory, "When is the release?", [], EPOCH)
    return "\n".join(turn.content for turn in reply.request.turns)


def test_what_is_approved_the_assistant_knows_for_the_others() -> None:
    memory = member()
    other = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    secret = "The release party is secret."
    entry, turned_down = propose(memory), propose(memory, secret, fact_of(memory, "A party."))
    assert TEXT not in prompt_of(other)
    assert secret not in prompt_of(other)
    decline_knowledge(turned_down, by=curator_of(memory))
    approve_knowledge(entry, by=curator_of(memory))
    for someone in (memory, other):
        assert TEXT in prompt_of(someone)
        assert secret not in prompt_of(someone)
    # Of what it was shared from, nothing.
    assert "The user plans" not in prompt_of(other)
    assert "I plan the release" not in prompt_of(other)


def test_forgetting_the_fact_takes_what_nobody_has_approved() -> None:
    memory = member()
    fact = fact_of(memory)
    entry = propose(memory, TEXT, fact)
    target = Target("knowledge", (fact.pk,))
    plan = preview(memory, target)
    assert ([item.pk for item in plan.long_term], plan.withdrawn, plan.shared) == (
        [fact.pk, entry.pk], (entry.pk,), (),
    )  # fmt: skip
    forget(memory, target, by=memory.user, expected=plan.fingerprint)
    assert not Knowledge.objects.exists()
    assert traces_of("Friday", besides=("memory_page.query",)) == {}


@pytest.mark.parametrize("everything", [True, False])
def test_forgetting_says_that_what_was_approved_stays(everything: bool) -> None:
    memory = member()
    fact = fact_of(memory)
    entry = propose(memory, fact.text, fact)
    declined = propose(memory, "Something else.", fact_of(memory, "A third fact."))
    approve_knowledge(entry, by=curator_of(memory))
    decline_knowledge(declined, by=curator_of(memory))
    target = EVERYTHING if everything else Target("knowledge", (fact.pk,))
    plan = preview(memory, target)
    assert [item.pk for item in plan.shared] == [entry.pk]
    assert plan.withdrawn == ((declined.pk,) if everything else ())
    forget(memory, target, by=memory.user, expected=plan.fingerprint)
    assert memory.assistant.knowledge.filter(pk=entry.pk).get().shared_from is None
    # The team's own log goes on to say what the team goes on to know.
    told = MemoryEvent.objects.get(memory=None, kind=EventKind.APPROVED, target_id=entry.pk)
    assert told.after == {"text": fact.text}
    assert memory.assistant.knowledge.filter(pk=declined.pk).exists() is not everything


def test_an_approval_meanwhile_is_not_forgotten_unseen() -> None:
    memory = member()
    fact = fact_of(memory)
    entry = propose(memory, TEXT, fact)
    target = Target("knowledge", (fact.pk,))
    seen = preview(memory, target).fingerprint
    approve_knowledge(entry, by=curator_of(memory))
    assert preview(memory, target).fingerprint != seen


def test_deleting_the_own_fact_changes_nothing_of_what_was_shared() -> None:
    memory = member()
    fact = fact_of(memory)
    entry = propose(memory, TEXT, fact)
    fact.delete()
    assert list(own_proposals(memory.assistant, memory.user)) == [entry]
    withdraw_proposal(Knowledge.objects.get(pk=entry.pk), by=memory.user)
    assert not memory.assistant.knowledge.exists()


def test_a_proposal_that_a_curator_deleted_comes_back_as_whose_it_was() -> None:
    memory = member()
    entry = propose(memory)
    pk, fact = entry.pk, entry.shared_from
    delete_knowledge(entry, by=curator_of(memory))
    back = undelete_knowledge(memory, pk, Subject.ASSISTANT, by=curator_of(memory))
    assert (back.status, back.proposed_by, back.shared_from) == (KnowledgeStatus.PROPOSED, memory.user, fact)


def test_the_queue_has_the_oldest_first_and_its_likes_beside_it() -> None:
    memory = member()
    learnt = AssistantKnowledgeFactory(
        assistant=memory.assistant, text="The release is on Monday.", status=KnowledgeStatus.PROPOSED
    )
    entry = propose(memory)
    known = AssistantKnowledgeFactory(assistant=memory.assistant, text="The release is on Friday evening.")
    AssistantKnowledgeFactory(text=TEXT)
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommended a bakery.")
    assert list(proposals(memory.assistant)) == [learnt, entry]
    similar = similar_to(memory.assistant, [entry.pk])[entry.pk]
    assert [(each.pk, each.in_use) for each in similar] == [(known.pk, True), (learnt.pk, False)]
    assert similar_to(memory.assistant, []) == {}


def learn(memory: Memory, *texts: str) -> list[Knowledge]:
    page = PageFactory(memory=memory)
    learning = Learning(memory, [page], ModelCallFactory(memory=memory), EMBEDDER)
    facts = [Fact(text, (0,)) for text in texts]
    return learn_knowledge(learning, Subject.ASSISTANT, facts, EMBEDDER.embed(list(texts)), {})


def test_what_was_archived_before_sharing_comes_back_as_a_proposal() -> None:
    memory = MemoryFactory()
    entry = AssistantKnowledgeFactory(assistant=memory.assistant, status=KnowledgeStatus.ARCHIVED, text="Likes jokes.")
    alone = AssistantKnowledgeFactory(assistant=memory.assistant, status=KnowledgeStatus.ARCHIVED, text="Likes puns.")
    learn(memory, "Likes puns.")
    alone.refresh_from_db()
    assert alone.status == KnowledgeStatus.ACTIVE
    MembershipFactory(assistant=memory.assistant)
    learn(memory, "Likes jokes.")
    entry.refresh_from_db()
    assert entry.status == KnowledgeStatus.PROPOSED


def test_learnt_proposals_are_bounded_and_a_persons_never_taken() -> None:
    memory = member()
    memory.assistant.memory_settings = {"knowledge_capacity": 2}
    memory.assistant.save()
    mine = propose(memory)
    first = AssistantKnowledgeFactory(assistant=memory.assistant, status=KnowledgeStatus.PROPOSED, text="One.")
    learn(memory, "Two words here.", "Three other things there.")
    statuses = dict(memory.assistant.knowledge.values_list("pk", "status"))
    assert (statuses[mine.pk], statuses[first.pk]) == (KnowledgeStatus.PROPOSED, KnowledgeStatus.ARCHIVED)
    assert learnt_proposals(memory.assistant).count() == 2


@pytest.mark.django_db(transaction=True)
def test_proposed_twice_at_once_is_proposed_once() -> None:
    memory = member()
    fact = fact_of(memory)
    forget_jobs()
    deed = partial(propose_knowledge, fact, TEXT, EMBEDDER, by=memory.user)
    raised = at_once(deed, deed, deed)
    assert sorted(raised, key=str) == sorted([None, DuplicateKnowledge, DuplicateKnowledge], key=str)
    assert proposals(memory.assistant).count() == 1


@pytest.mark.django_db(transaction=True)
def test_withdrawn_and_approved_at_once_is_one_of_both() -> None:
    memory = member()
    entry = propose(memory)
    pk, curator = entry.pk, curator_of(memory)
    raised = at_once(partial(withdraw_proposal, entry, by=memory.user), partial(approve_knowledge, entry, by=curator))
    assert raised in ([None, Knowledge.DoesNotExist], [ProposalDecided, None])
    assert Knowledge.objects.filter(pk=pk).exists() is (raised[1] is None)
