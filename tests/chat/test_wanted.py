import pytest

from chat.wanted import MOST_CHARACTERS, MOST_TERMS, Piece, read_question


def marked(question: str, text: str) -> str:
    """Return a text with what is looked for in brackets."""
    return "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in read_question(question).marked(text))


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("garden  tools", ["garden", "tools"]),
        ('"watering can" red', ["watering can", "red"]),
        ("“watering can”", ["watering can"]),
        ('"never closed', ["never closed"]),
        ("(what?) yes, & no!", ["what", "yes", "no"]),
        ("garden garden", ["garden"]),
        ("C++", ["C++"]),
        ("don’t", ["don’t"]),
        ("???", ["???"]),
        ("猫", ["猫"]),
        ("😀", ["😀"]),
        ("a", []),
        ("", []),
        ('""', []),
        ("\0\0", []),
    ],
)
def test_a_question_is_read_as_terms(question: str, terms: list[str]) -> None:
    assert [term.text for term in read_question(question).terms] == terms


@pytest.mark.parametrize(
    ("question", "indexed", "literal"),
    [("garden", True, False), ("foo-bar.org", True, False), ("C++", True, True), ("猫の名前", False, True),
     ("ไทย", False, True), ("😀", False, True), ("हिन्दी", True, False), ("???", False, True)],
)  # fmt: skip
def test_what_the_index_holds_is_asked_of_it(question: str, indexed: bool, literal: bool) -> None:
    (term,) = read_question(question).terms
    assert (term.indexed, term.literal) == (indexed, literal)


def test_a_question_has_bounds() -> None:
    assert len(read_question(" ".join(str(n) * 2 for n in range(10, 60))).terms) == MOST_TERMS
    assert len(read_question("x" * 10_000).terms[0].text) == MOST_CHARACTERS


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("gard", "A Garden, a regard", "A [Gard]en, a regard"),
        ("water can", "canned water", "[can]ned [water]"),
        ('"red can"', "a red, can; red cans", "a [red, can]; red cans"),
        ("c++", "In C++ or C", "In [C++] or C"),
        ("名前", "猫の名前", "猫の[名前]"),
        ("eau", "l’eau “eau”", "l’[eau] “[eau]”"),
        ("it", "_it_", "_[it]_"),
        ("<b>", "a <b>c</b>", "a <[b]>c</[b]>"),
    ],
)
def test_hits_are_marked_where_they_stand(question: str, text: str, expected: str) -> None:
    assert marked(question, text) == expected


def test_a_snippet_surrounds_the_first_hit_on_one_line() -> None:
    text = "word " * 100 + "\n\nneedle\n\n" + "more " * 100
    pieces = read_question("needle").snippet(text)
    line = "".join(piece.text for piece in pieces)
    assert Piece("needle", True) in pieces
    assert (line[0], line[-1], "\n" in line) == ("…", "…", False)
    assert 100 < len(line) < 250


def test_a_snippet_of_a_text_without_a_hit_is_its_beginning() -> None:
    assert read_question("needle").snippet("Hay.") == [Piece("Hay.", False)]
    assert len(read_question("ab").snippet("x" * 9000)[0].text) < 400


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("kyoto", "Day · Place 1 · [Kyoto]"),
        ("**kyoto**", "Day · Place 1 · [Kyoto]"),
        ("example.org", "| Day | Place | |---|---| | 1 | **[Kyoto](https://[example.org])** |"),
        ('"| 1"', "| Day | Place | |---|---| [| 1] | **[Kyoto](https://example.org)** |"),
    ],
)
def test_a_snippet_of_an_answer_shows_no_marks_that_are_not_looked_for(question: str, expected: str) -> None:
    text = "| Day | Place |\n|---|---|\n| 1 | **[Kyoto](https://example.org)** |"
    pieces = read_question(question).snippet(text, is_markdown=True)
    assert "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in pieces) == expected


def test_a_snippet_of_what_a_person_said_is_as_they_typed_it() -> None:
    assert "".join(piece.text for piece in read_question("kyoto").snippet("**Kyoto**")) == "**Kyoto**"
