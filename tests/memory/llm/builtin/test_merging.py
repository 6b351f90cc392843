"""The rules for facts that nearly say the same."""

import pytest

from memory.llm.base import FactPair, MergeRequest
from memory.llm.builtin.consolidator import BuiltinConsolidator
from memory.llm.builtin.merging import SAME_FROM, judge
from tests.memory.llm.requests import AT


def verdict(old: str, new: str, f_score: float = 1.3) -> str:
    return judge(FactPair(1, old, new, AT, AT, f_score))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The user likes tea.", "The user really likes tea."),
        ("The user works as a nurse in Oslo.", "The user is a nurse who works in Oslo."),
        ("The user has a dog named Rex.", "The user's dog is called Rex."),
        ("The user adopted a cat named Miso on 7 May 2023.", "On 7 May 2023 the user adopted a cat, Miso."),
        ("The user runs five kilometres every morning.", "The user runs 5 km each morning."),
        ("Der Nutzer wohnt in Berlin.", "Der Nutzer wohnt jetzt in Berlin."),
        ("用户喜欢喝绿茶。", "用户很喜欢绿茶。"),
    ],
)
def test_other_words_for_the_same(old: str, new: str) -> None:
    assert verdict(old, new) == verdict(new, old) == "same"


def test_other_words_are_the_same_only_when_they_are_near_enough() -> None:
    near = ("The user loves hiking in the mountains.", "The user enjoys mountain hikes.")
    assert (verdict(*near, SAME_FROM), verdict(*near, SAME_FROM - 0.01)) == ("same", "different")


def test_a_more_precise_wording_is_no_other_value() -> None:
    assert verdict("The user lives in Oslo.", "The user lives in Oslo with their dog.") == "same"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The user lives in Rome.", "The user moved to Oslo."),
        ("The user works as a nurse.", "The user now works as a teacher."),
        ("The user has two cats.", "The user has three cats."),
        ("The user runs five kilometres every morning.", "The user runs ten kilometres every morning."),
        ("The user's favourite food is sushi.", "The user's favourite food is pasta."),
        ("The user's exam is on 3 May 2024.", "The user's exam is on 10 May 2024."),
        ("Der Nutzer wohnt in Berlin.", "Der Nutzer wohnt in Hamburg."),
        ("用户住在北京。", "用户住在上海。"),
    ],
)
def test_another_value_replaces(old: str, new: str) -> None:
    assert verdict(old, new) == verdict(new, old) == "replaces"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The user likes coffee.", "The user doesn't like coffee."),
        ("The user likes coffee.", "The user no longer drinks coffee."),
        ("The user smokes.", "The user quit smoking."),
        ("The user plans to visit Japan in April.", "The user cancelled the trip to Japan in April."),
        ("Der Nutzer trinkt Kaffee.", "Der Nutzer trinkt keinen Kaffee."),
        ("用户喝咖啡。", "用户不喝咖啡。"),
    ],
)
def test_a_denial_contradicts(old: str, new: str) -> None:
    assert verdict(old, new) == verdict(new, old) == "contradicts"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The user's sister lives in Rome.", "The user lives in Rome."),
        ("The user's wife works as a nurse.", "The user works as a nurse."),
        ("The user ran a marathon in 2019.", "The user ran a marathon in 2022."),
        ("The user wants to visit Japan.", "The user wants to visit Norway."),
        ("The user bought a red bike on 7 May 2023.", "The user bought a laptop on 8 May 2023."),
        ("The user has a dog named Rex.", "The user has a dog named Bello."),
    ],
)
def test_two_of_many_stand_side_by_side(old: str, new: str) -> None:
    assert verdict(old, new) == verdict(new, old) == "different"


def test_the_builtin_consolidator_gives_a_verdict_a_pair_without_usage() -> None:
    pairs = [FactPair(4, "The user likes tea.", "The user really likes tea.", AT, AT, 1.5)]
    result = BuiltinConsolidator().merge(MergeRequest([*pairs, FactPair(5, "A", "B", AT, AT, 1.0)]))
    assert (result.verdicts, result.usage.tokens_in) == (("same", "different"), None)
