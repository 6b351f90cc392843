"""What is learnt about an assistant tells of none of its members."""

import pytest

from memory.domain.discretion import private_matters, tells_of_someone
from memory.llm.base import Fact, ProfileFinding
from memory.models import Memory
from tests.memory.factories import KnowledgeFactory, MemoryFactory, ProfileFactory, UserFactory
from tests.memory.llm.requests import pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    """Someone of whom a little is known, at an assistant with another member."""
    memory = MemoryFactory(user=UserFactory(username="tomas9", first_name="Tomas", last_name="Berg"))
    memory.assistant.name = "Aria"
    memory.assistant.save()
    ProfileFactory(memory=memory, name="pets", value="Rex (dog)")
    ProfileFactory(memory=memory, name="nickname", value="tommy")
    KnowledgeFactory(memory=memory, text="The user calls the assistant Aria, as Ingrid does, since 7 May 2023.")
    KnowledgeFactory(memory=memory, text="The user restores wooden sailing boats.")
    other = MemoryFactory(assistant=memory.assistant, user=UserFactory(username="wei", first_name="Wei"))
    KnowledgeFactory(memory=other, text="The user is preparing a divorce from Lars.")
    return memory


def tells(memory: Memory, text: str, query: str = "Hm", response: str = "Well.") -> bool:
    private = private_matters(
        memory, [ProfileFinding("employer", "Norsk Hydro", (0,))], [Fact("The user grows prize dahlias.", (0,))]
    )
    return tells_of_someone(Fact(text, (0,)), pages((query, response)), private)


@pytest.mark.parametrize(
    "text",
    [
        "The assistant advised the user on tea.",
        "The assistant knows your birthday.",
        "The assistant likes his garden.",
        "The assistant recommended a vet for their dog.",
        "El asistente conoce a su hijo.",
        "L'assistant connaît votre ville.",
        "Der Assistent kennt Ihre Tochter.",
        "L'assistente conosce suo figlio.",
        "O assistente conhece você.",
        "Ассистент знает вашего сына и его школу.",
        "Asisten tahu bahwa pengguna suka kopi.",
        "助手知道你的生日。",
        "アシスタントはあなたの名前を知っています。",
        "The assistant promised Tomas a reminder.",
        "The assistant knows tomas9.",
        "The assistant calls Tommy by name.",
        "The assistant knows Berg's plans.",
        "The assistant recommended food for Rex.",
        "The assistant wrote a letter to Ingrid.",
        "The assistant knows people at Norsk Hydro.",
        "The assistant congratulated Wei.",
        "The assistant helped with Lars.",
        "Restores wooden sailing boats.",
        "The assistant talks of growing prize dahlias.",
        "Preparing a divorce.",
    ],
)
def test_an_entry_that_tells_of_a_member_is_recognised(memory: Memory, text: str) -> None:
    assert tells(memory, text)


@pytest.mark.parametrize(
    "text",
    [
        "The assistant is called Aria.",
        "The assistant speaks French.",
        "The assistant recommended the Moka pot on 7 May 2023.",
        "The assistant promised to check the weather in May.",
        "El asistente habla francés.",
        "L'assistant a recommandé du thé vert.",
        "助手会说法语。",
        "The assistant can write useful code.",
    ],
)
def test_an_entry_about_the_assistant_alone_stays(memory: Memory, text: str) -> None:
    assert not tells(memory, text)


def test_what_the_user_has_just_said_is_no_entry_about_the_assistant(memory: Memory) -> None:
    echoed = ("I collect stamps and old maps.", "You collect stamps and old maps, lovely.")
    assert tells(memory, "Collects stamps and old maps.", *echoed)
    assert not tells(memory, "The assistant recommended albums.", "I collect stamps.", "I recommend albums.")
