"""Near duplicates: bands of nearness, and who decides between them. Real vectors of the default embedder."""

import pytest

from memory.domain.duplicates import NEAR_FROM, PAIRS_A_CALL, Draft, Relation, more_precise, relations, undecided
from memory.domain.vectors import as_stored
from memory.embedding import get_embedder
from memory.models import Knowledge
from memory.models.knowledge import fingerprint
from tests.memory.factories import EPOCH

NEAR = [
    ("The user likes tea.", "The user really likes tea."),
    ("The user works as a nurse in Oslo.", "The user is a nurse who works in Oslo."),
    ("The user has a dog named Rex.", "The user's dog is called Rex."),
    ("The user is allergic to peanuts.", "The user has a peanut allergy."),
    ("The user loves hiking in the mountains.", "The user enjoys mountain hikes."),
    ("The user adopted a cat named Miso on 7 May 2023.", "On 7 May 2023 the user adopted a cat, Miso."),
    ("The user's wife is called Anna.", "The user is married to Anna."),
    ("The user is planning a trip to Japan in April.", "The user plans to travel to Japan in April with a sister."),
    ("The user runs five kilometres every morning.", "The user runs 5 km each morning."),
    ("The user prefers window seats on flights.", "When flying, the user prefers a window seat."),
    ("The user likes coffee.", "The user doesn't like coffee."),
    ("The user has two cats.", "The user has three cats."),
    ("The user smokes.", "The user quit smoking."),
    ("The user's favourite food is sushi.", "The user's favourite food is pasta."),
    ("The user's exam is on 3 May 2024.", "The user's exam is on 10 May 2024."),
    ("Der Nutzer wohnt in Berlin.", "Der Nutzer wohnt in Hamburg."),
    ("El usuario trabaja como enfermero en Madrid.", "El usuario es enfermero y trabaja en Madrid."),
    ("用户喜欢喝绿茶。", "用户很喜欢绿茶。"),
]
FAR = [
    ("The user likes tea.", "The user likes jazz."),
    ("The user has a dog named Rex.", "The user has a cat named Miso."),
    ("The user wants to visit Japan.", "The user wants to visit Norway."),
    ("The user is learning Spanish.", "The user is learning the guitar."),
    ("The user loves hiking.", "The user loves climbing."),
    ("The user is allergic to peanuts.", "The user is allergic to penicillin."),
    ("The user works as a nurse in Oslo.", "The user was born in Oslo."),
    ("The user's son plays football.", "The user's daughter plays tennis."),
    ("The user's favourite food is sushi.", "The user's favourite band is Muse."),
    ("The user has two children.", "The user has two cats."),
    ("用户喜欢喝绿茶。", "用户住在上海。"),
]
SAME = [
    ("The user plays the piano every evening.", "Every evening the user plays piano."),
    ("The user has a dog.", "the user has  a DOG"),
    ("The user loves their garden.", "The user loves the garden."),
]
NEVER_THE_SAME_UNASKED = [
    ("The user moved from Rome to Oslo.", "The user moved from Oslo to Rome."),
    ("The user was married.", "The user is married."),
    ("The user works as a nurse.", "The user worked as a nurse."),
    ("The user doesn't like coffee.", "The user likes coffee."),
]


def drafts(*texts: str) -> list[Draft]:
    return [Draft(text, vector, EPOCH) for text, vector in zip(texts, get_embedder().embed(texts), strict=True)]


def entry(text: str, pk: int = 1, model: str | None = None) -> Knowledge:
    return Knowledge(
        pk=pk,
        text=text,
        fingerprint=fingerprint(text),
        confirmed_at=EPOCH,
        embedding=as_stored(get_embedder().embed([text])[0]).to_list(),
        embedding_model=model or get_embedder().name,
    )


def verdicts(known: str, new: str) -> list[str | None]:
    return [relation.verdict for relation in relations(drafts(new), [entry(known)], get_embedder().name)]


@pytest.mark.parametrize(("known", "new"), NEAR)
def test_what_is_near_is_never_simply_stored_beside(known: str, new: str) -> None:
    assert verdicts(known, new) == [None]


@pytest.mark.parametrize(("known", "new"), FAR)
def test_other_facts_ask_nobody(known: str, new: str) -> None:
    assert verdicts(known, new) == []


@pytest.mark.parametrize(("known", "new"), SAME)
def test_the_same_words_are_the_same_unasked(known: str, new: str) -> None:
    assert verdicts(known, new) == ["same"]


@pytest.mark.parametrize(("known", "new"), NEVER_THE_SAME_UNASKED)
def test_order_tense_and_negation_are_judged(known: str, new: str) -> None:
    assert verdicts(known, new) == [None]


def test_facts_of_one_answer_are_compared_with_each_other() -> None:
    found = relations(drafts("The user likes tea.", "The user lives in Oslo.", "The user really likes tea."), [], "m")
    assert [(each.new, each.old) for each in found] == [(2, 0)]


def test_a_known_fact_again_is_compared_once() -> None:
    known = [entry("The user likes tea.")]
    found = relations(drafts("The user likes tea.", "The user really likes tea."), known, get_embedder().name)
    assert [(each.new, each.old, each.verdict) for each in found] == [(0, known[0], "same"), (1, known[0], None)]


def test_what_the_model_has_settled_is_not_asked_again() -> None:
    [draft] = drafts("The user has three cats.")
    settled = Draft(draft.text, draft.vector, EPOCH, frozenset({7}))
    assert relations([settled], [entry("The user has two cats.", 7)], get_embedder().name) == []


def test_vectors_of_another_model_leave_the_words_to_decide() -> None:
    known = [entry("The user has two cats.", model="another")]
    assert relations(drafts("The user lives in Oslo."), known, get_embedder().name) == []
    known = [entry("The user really likes green tea.", model="another")]
    assert len(relations(drafts("The user likes green tea."), known, get_embedder().name)) == 1


def test_one_call_has_a_bound_and_takes_the_nearest() -> None:
    found = [Relation(number, 0, NEAR_FROM + number / 1000) for number in range(PAIRS_A_CALL + 5)]
    asked = undecided(found, drafts(*["The user likes tea."] * (PAIRS_A_CALL + 5)), 6000)
    assert [each.new for each in asked] == list(range(PAIRS_A_CALL + 4, 4, -1))
    assert [each.verdict for each in found[:5]] == ["different"] * 5


def test_one_call_is_bounded_in_tokens_too() -> None:
    found = [Relation(number, 0, NEAR_FROM + number / 1000) for number in range(4)]
    asked = undecided(found, drafts(*["tea " * 200] * 4), 1000)
    assert [each.new for each in asked] == [3, 2]
    assert [each.verdict for each in found] == ["different", "different", None, None]


def test_no_facts_are_no_work() -> None:
    assert relations([], [entry("The user likes tea.")], "m") == []


@pytest.mark.parametrize(
    ("old", "new", "more"),
    [
        ("The user likes tea.", "The user really likes green tea.", True),
        ("The user really likes green tea.", "The user likes tea.", False),
        ("The user likes tea.", "The user loves tea.", False),
        ("The user likes tea.", "Likes tea.", False),
    ],
)
def test_only_a_wording_that_says_all_and_more_is_more_precise(old: str, new: str, more: bool) -> None:
    assert more_precise(old, new) is more
