"""The fixed sentences of the built-in responder, and how to know them again."""

NAME = "built-in responder"
REMEMBERED = "Here is what I remember:"
NOTHING = "I don't remember anything about that."
NOTED = "Thank you for telling me. I'll remember it."
NOT_KEPT = "Thank you for telling me. This conversation adds nothing to my memory."
NOTHING_TO_ADD = " That was all."
HELLO = "Hello!"
NO_MODEL = "No language model is connected, so I can only quote what you have told me."

_OPENINGS = (REMEMBERED, NOTHING, NOTED, NOT_KEPT, HELLO)


def is_builtin_answer(text: str) -> bool:
    """Say whether the built-in responder wrote this: then it only quotes memory and teaches nothing new."""
    return text.startswith(_OPENINGS)
