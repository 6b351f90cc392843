import pytest

from memory.llm.builtin.grammar import singular, third_person


@pytest.mark.parametrize(
    ("first", "third"),
    [
        ("I'm a nurse and I love my job.", "The user is a nurse and they love their job."),
        ("I work as a data scientist in San Francisco", "The user works as a data scientist in San Francisco."),
        ("My wife Anna is a nurse!", "The user's wife Anna is a nurse."),
        ("I've been painting for 7 years", "The user has been painting for 7 years."),
        ("I'll visit my aunt", "The user will visit their aunt."),
        ("My wife and I moved to Paris", "The user and their wife moved to Paris."),
        ("My brother and I am late", "The user and their brother are late."),
        ("I don't eat meat", "The user doesn't eat meat."),
        ("I haven't seen it", "The user hasn't seen it."),
        ("I can't eat nuts", "The user can't eat nuts."),
        ("I never drink coffee", "The user never drinks coffee."),
        ("I really like sushi 😊", "The user really likes sushi."),
        ("I'd love to visit Japan :)", "The user would love to visit Japan."),
        ("I'd been there", "The user had been there."),
        ("We went camping with our kids", "The user and others went camping with their kids."),
        ("We're moving", "The user and others are moving."),
        ("I was born in 1990 and I was raised by my aunt",
         "The user was born in 1990 and they were raised by their aunt."),
        ("It made me happy", "It made the user happy."),
        ("I taught myself Python", "The user taught themselves Python."),
        ("i live in Berlin", "The user lives in Berlin."),
        ("I have a dog and love cats", "The user has a dog and loves cats."),
        ("I want to move and live abroad", "The user wants to move and live abroad."),
        ("The idea is mine and I'm proud", "The idea is the user's and they are proud."),
        ("I’m 34", "The user is 34."),
        ("I", "The user."),
        ("", ""),
    ],
)  # fmt: skip
def test_third_person(first: str, third: str) -> None:
    assert third_person(first) == third


def test_third_person_of_the_assistant() -> None:
    assert third_person("I recommend my recipe", "the assistant") == "The assistant recommends their recipe."


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("work", "works"), ("teach", "teaches"), ("study", "studies"), ("play", "plays"), ("go", "goes"),
        ("have", "has"), ("am", "is"), ("went", "went"), ("moved", "moved"), ("need", "needs"), ("can", "can"),
    ],
)  # fmt: skip
def test_singular(verb: str, form: str) -> None:
    assert singular(verb) == form
