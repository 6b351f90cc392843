"""From the first person to the third: "I'm a nurse and I love my job" -> "The user is a nurse and they
love their job".

The first mention is "the user" with the verb in the singular; every later one is the singular "they", whose
verb is the one that stood after "I".
"""

import re

from memory.llm.builtin.vocabulary import word_set

_ADVERBS = word_set(
    """also always never really just still now currently often usually sometimes recently actually only
    even already absolutely totally definitely mostly mainly finally once both truly kinda lately rarely
    seldom soon then no longer"""
)
_NO_ADVERBS = frozenset({"apply", "reply", "fly", "rely", "supply", "multiply", "bully", "rally"})
_MODALS = word_set(
    """can can't cannot could couldn't will won't would wouldn't should shouldn't may might must mustn't
    used"""
)
_IRREGULAR = {
    "am": "is",
    "are": "is",
    "have": "has",
    "do": "does",
    "go": "goes",
    "don't": "doesn't",
    "haven't": "hasn't",
    "aren't": "isn't",
    "ain't": "isn't",
    "dont": "doesn't",
}
_PAST = word_set(
    """was wasn't were had hadn't did didn't went came saw took made got gave found felt kept left lost
    met moved paid ran said sang sat sold sent slept spoke spent stood taught thought told understood won
    wore wrote bought brought built caught chose drew drank drove ate fell flew forgot grew heard held
    knew learnt led meant put read rode began became broke cut hit quit set shot swam threw woke rose
    hung dug fed fought hid lent lit rang sank shook stole struck swore tore let cost hurt beat bit blew
    bred burnt dreamt dealt fled bent bound laid spilt"""
)
_NOT_PAST = frozenset(
    {"need", "feed", "speed", "breed", "bleed", "heed", "seed", "weed", "exceed", "succeed", "proceed"}
)
# After "and", only words that are hardly ever nouns are taken for a second verb.
_SECOND_VERBS = word_set(
    """go live enjoy teach write have speak want own love hate prefer study cook volunteer make like do
    sing bake read collect"""
)
_PAST_PARTICIPLES = word_set(
    """been had gone done seen made taken known met lost found thought heard got written read left better"""
)
_FIRST_PERSON = re.compile(
    r"\b(?:(?P<i>I(?:'(?:m|ve|ll|d))?)|(?P<we>we(?:'(?:re|ve|ll|d))?)|(?P<my>my|our)|(?P<me>me|us)"
    r"|(?P<mine>mine|ours)|(?P<self>myself|ourselves))(?![\w'])",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"\b(?P<my>[Mm]y) (?P<who>(?:[\w'-]+ ){0,2}[\w'-]+) and I\b")
_NEXT_WORDS = re.compile(r"(?P<adverbs>(?:\s+[\w']+)*?)\s+(?P<verb>[A-Za-z][\w']*)")
_WORD = re.compile(r"\s+([A-Za-z][\w']*)")
_SECOND = re.compile(r"\b(?P<and>and(?: also| then)?) (?P<verb>[a-z]+)\b(?!\s*(?:[.,;!]|$))")
_CLOSING = re.compile(
    r"[\s!.,;:…~]*(?:[:;]-?[)D(P]|[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f]|\blol\b|\bhaha\b|[\s!.…])*$"
)
_AUXILIARY = {"m": ("is", "are"), "ve": ("has", "have"), "ll": ("will", "will")}


def _is_past(verb: str) -> bool:
    return verb in _PAST or (verb.endswith("ed") and verb not in _NOT_PAST)


def _is_adverb(word: str) -> bool:
    return word in _ADVERBS or (word.endswith("ly") and word not in _NO_ADVERBS)


def singular(verb: str) -> str:
    """Return the form of a verb after "the user" for the one after "I": work -> works, went -> went."""
    folded = verb.lower()
    if folded in _IRREGULAR:
        return _IRREGULAR[folded]
    if folded in _MODALS or _is_past(folded):
        return verb
    if re.search(r"(?:s|x|z|ch|sh|o)$", folded):
        return verb + "es"
    if re.search(r"[^aeiou]y$", folded):
        return verb[:-1] + "ies"
    return verb + "s"


class _Rewriting:
    """One sentence on its way to the third person."""

    def __init__(self, text: str, subject: str) -> None:
        self._text = text
        self._subject = subject
        self._mentioned = False

    def run(self) -> str:
        out: list[str] = []
        at = 0
        while (found := _FIRST_PERSON.search(self._text, at)) is not None:
            out.append(self._text[at : found.start()])
            at = found.end()
            if found["i"]:
                words, at = self._i(found["i"], at)
            elif found["we"]:
                words = self._we(found["we"])
            else:
                words = self._possessive_or_object(found)
            out.append(words)
        return "".join(out) + self._text[at:]

    def _mention(self) -> bool:
        """Say whether this is the first mention, and remember that there was one."""
        first, self._mentioned = not self._mentioned, True
        return first

    def _i(self, word: str, at: int) -> tuple[str, int]:
        first = self._mention()
        pronoun = self._subject if first else "they"
        suffix = word.partition("'")[2].lower()
        if suffix in _AUXILIARY:
            return f"{pronoun} {_AUXILIARY[suffix][0 if first else 1]}", at
        if suffix == "d":
            return f"{pronoun} {self._had_or_would(at)}", at
        return self._with_verb(pronoun, at, first=first)

    def _had_or_would(self, at: int) -> str:
        following = _NEXT_WORDS.match(self._text, at)
        verb = following["verb"].lower() if following else ""
        return "had" if verb in _PAST_PARTICIPLES or verb.endswith("ed") else "would"

    def _with_verb(self, pronoun: str, at: int, *, first: bool) -> tuple[str, int]:
        """Take the verb after "I", past its adverbs, and put it into the form the pronoun wants."""
        words: list[str] = []
        end = at
        while (following := _WORD.match(self._text, end)) is not None:
            word, end = following[1], following.end()
            if _is_adverb(word.lower()) and not _is_past(word.lower()):
                words.append(word)
                continue
            if first:
                verb = singular(word)
            else:
                verb = {"am": "are", "was": "were", "wasn't": "weren't"}.get(word.lower(), word)
            self._inflect_second(end, word, first=first)
            return " ".join([pronoun, *words, verb]), end
        return pronoun, at

    def _inflect_second(self, end: int, verb: str, *, first: bool) -> None:
        """ "I love hiking and play guitar": a second verb of the present wants its -s as well."""
        if not first or _is_past(verb.lower()) or verb.lower() in _MODALS:
            return
        rest = self._text[end:]
        second = _SECOND.search(rest)
        before = rest[: second.start()] if second else ""
        if second and second["verb"] in _SECOND_VERBS and not re.search(r"[.;]|\bto\b|\bnot\b|n't\b", before):
            rest = f"{before}{second['and']} {singular(second['verb'])}{rest[second.end() :]}"
            self._text = self._text[:end] + rest

    def _we(self, word: str) -> str:
        pronoun = f"{self._subject} and others" if self._mention() else "they"
        suffix = word.partition("'")[2].lower()
        return pronoun + {"re": " are", "ve": " have", "ll": " will", "d": " would"}.get(suffix, "")

    def _possessive_or_object(self, found: re.Match[str]) -> str:
        if found["self"]:
            return "themselves"
        first = self._mention()
        if found["my"]:
            return f"{self._subject}'s" if first else "their"
        if found["mine"]:
            return f"{self._subject}'s" if first else "theirs"
        return self._subject if first else "them"


def third_person(text: str, subject: str = "the user") -> str:
    """Return a statement of the first person about `subject`, as one sentence with a capital and a full
    stop.
    """
    body = _CLOSING.sub("", text.replace("’", "'").strip())
    together = _TOGETHER.match(body)
    if together:
        verb = {"am": "are", "was": "were"}
        rest = re.sub(r"^\s+(am|was)\b", lambda m: f" {verb[m[1]]}", body[together.end() :])
        rewriting = _Rewriting(rest, subject)
        rewriting._mention()
        body = f"{subject} and their {together['who']}{rewriting.run()}"
    else:
        body = _Rewriting(body, subject).run()
    body = " ".join(body.split())
    return body[:1].upper() + body[1:] + "." if body else ""
