"""The patterns by which people state attributes of themselves, and how each value is read from its match.

English, and the basics of Indonesian. A value is the group `v`.
"""

import re
from collections.abc import Callable

from memory.llm.builtin.vocabulary import (
    LANGUAGES,
    LIGHT_WORDS,
    NOT_NAMES,
    PETS,
    PROFESSIONS,
    RELATIONS,
    SEVERAL_RELATIONS,
)

Clean = Callable[[re.Match[str]], str | None]
Rule = tuple[str, re.Pattern[str], Clean]

_AM = r"(?:I'm|I am|i'm|i am|Im)"
_ADVERB = r"(?: \w+ly| now| just| still| also)*"
_NAME = r"(?:St\. )?[A-Z][\w'-]+(?: (?!I\b)[A-Z][\w'-]+){0,2}"
_ANY_NAME = r"[A-Za-z][\w'-]+(?: [A-Z][\w'-]+){0,2}"
_CAPITALISED = r"[A-Z][\w.'-]+"
_PLACE = (
    rf"{_CAPITALISED}(?:(?: (?:of|de|la|the|upon|am|do))? {_CAPITALISED}){{0,3}}"
    rf"(?:, {_CAPITALISED}(?: {_CAPITALISED})?)?"
)
_ROLE = (
    r"(?P<v>(?:[\w'/&+-]+ ){0,4}?[\w'/&+-]+?)"
    r"(?= (?:at|for|in|from|with|and|but|who|which|that|by|based|here|since|on|near|now|these|this|to|living|"
    r"so|of an?"
    r"|because|while|during|after|before|or|these days)\b|[,.;:!)?]|$)"
)
_EMPLOYER_ENDS = r"(?= (?:in|as|and|but|on|since|near|which|where|who|because|these|now)\b|[,.;:!)?]|$)"

PROFESSION = re.compile(
    rf"\b(?:{PROFESSIONS}|\w+(?:ologist|ographer|ician|ineer|keeper|therapist|worker))s?\b", re.IGNORECASE
)
_NO_ROLE = re.compile(r"\b(?:team|volunteer|lot|bit|kid|fan|lover|person|people|myself|hard|way|part)\b", re.IGNORECASE)
_NO_EMPLOYER = re.compile(
    r"^(?:home|nights?|the moment|moment|free|a living|living|myself|least|first|hours?|it|that|this|now|"
    r"years?|months?|over|almost|the past|the last|an? (?:few|long|while|year)|[\d]+)\b",
    re.IGNORECASE,
)


def is_name(value: str) -> bool:
    """Say whether a word with a capital can be someone's name: no language, no day, no talk."""
    first = value.split(maxsplit=1)[0]
    return first.casefold() not in NOT_NAMES and first.casefold() not in LIGHT_WORDS and first[0].isupper()


def _name(found: re.Match[str]) -> str | None:
    value = found["v"].strip(" .,!")
    value = value.title() if value.islower() else value
    return value if is_name(value) else None


def _occupation(found: re.Match[str]) -> str | None:
    value = re.sub(r"^(?:an?|the)\s+", "", found["v"].strip(), flags=re.IGNORECASE)
    return None if _NO_ROLE.search(value) else value


def _profession(found: re.Match[str]) -> str | None:
    """Of "I'm a ..." only a word for a profession makes an occupation: a huge fan of nurses is none."""
    value = found["v"].strip()
    return value if PROFESSION.search(value) and not _NO_ROLE.search(value) else None


def _employer(found: re.Match[str]) -> str | None:
    value = re.sub(r"^(?:the|an?)\s+", "", found["v"].strip())
    return None if _NO_EMPLOYER.match(value) or value.casefold() in LIGHT_WORDS else value


def _place(found: re.Match[str]) -> str | None:
    value = found["v"].strip(" .,")
    folded = value.casefold()
    return None if folded in LIGHT_WORDS or folded.split()[0] in NOT_NAMES - {"the"} else value


def _age(found: re.Match[str]) -> str | None:
    return found["v"] if 5 <= int(found["v"]) <= 120 else None


def _plain(found: re.Match[str]) -> str | None:
    return found["v"].strip(" .,!") or None


def _not_eaten(found: re.Match[str]) -> str | None:
    return None if found["v"].split()[0].casefold() in LIGHT_WORDS else f"no {found['v']}"


def _rule(name: str, clean: Clean, *parts: str, any_case: bool = False) -> Rule:
    return name, re.compile("".join(parts), re.IGNORECASE if any_case else 0), clean


RULES: tuple[Rule, ...] = (
    _rule(
        "name",
        _name,
        r"\b(?i:my (?:full |first )?name is|my name's|(?:please |you can |just )?call me|(?:everyone|"
        r"people) calls? me"
        r"|i go by)",
        rf"\s+(?P<v>{_ANY_NAME})",
    ),
    _rule(
        "name",
        _name,
        rf"(?:^|[.!,] |\band ){_AM} (?P<v>{_NAME})(?=[,.!;]|$| and I\b| from\b| here\b| by the way\b)",
    ),
    _rule("name", _name, rf"\b(?i:nama (?:saya|aku)(?: adalah)?|panggil (?:saya|aku))\s+(?P<v>{_ANY_NAME})"),
    _rule(
        "occupation",
        _occupation,
        rf"\bI(?:'m| am|'ve been| have been)?{_ADVERB} (?:work|working|employed|started working|started work)",
        rf" as (?:an? |the )?{_ROLE}",
        any_case=True,
    ),
    _rule("occupation", _profession, rf"\b{_AM}{_ADVERB} an? {_ROLE}"),
    _rule("occupation", _occupation, rf"\b{_AM} (?:an? )?(?P<v>[\w -]+?) by (?:profession|trade|training)\b"),
    _rule(
        "occupation",
        _occupation,
        rf"\bmy (?:job|occupation|profession|day job) is (?:being |to be )?an? {_ROLE}",
        any_case=True,
    ),
    _rule(
        "occupation",
        _plain,
        r"\b(?:saya|aku) bekerja sebagai (?:seorang )?(?P<v>[\w ]+?)(?= di\b| untuk\b| dan\b|[,.;!]|$)",
        any_case=True,
    ),
    _rule(
        "employer",
        _employer,
        rf"\bI(?:'m| am|'ve been)?{_ADVERB} (?:work|working|employed)(?: as [\w' -]+?)? (?:at|for) ",
        rf"(?P<v>(?:the |an? )?(?:{_NAME}|[\w-]+(?: [\w-]+){{0,3}}?)){_EMPLOYER_ENDS}",
    ),
    _rule("employer", _employer, rf"\b{_AM} an? (?:[\w-]+ ){{1,4}}(?:at|for) (?P<v>(?:the )?{_NAME})"),
    _rule(
        "location",
        _place,
        rf"(?:\bI{_ADVERB}(?: currently)? (?:live|reside|stay) (?:in|near)|\b{_AM} (?:\w+ )?(?:living|"
        rf"based) (?:in|near)",
        r"|^I\b[^!?]*\band (?:currently )?live in",
        r"|\bI(?:'ve| have)? (?:just |recently )?(?:moved|relocated)(?: (?:back|here|from [\w' ]+?))? to)",
        rf" (?P<v>(?:the )?{_PLACE})",
    ),
    _rule(
        "location",
        _place,
        r"\bI (?:currently |now )?work (?:as [\w' -]+? )?(?:at [\w' -]+? |for [\w' -]+? )?in ",
        rf"(?P<v>{_PLACE})",
    ),
    _rule("location", _plain, rf"\bI live in (?P<v>an? [\w ]+? (?:in|near|outside|of) {_PLACE})"),
    _rule("location", _place, rf"\b(?i:(?:saya|aku) (?:sekarang )?(?:tinggal di|pindah ke)) (?P<v>{_PLACE})"),
    _rule(
        "origin",
        _place,
        rf"\b(?:{_AM} (?:originally )?from|I (?:come|was born|grew up|was raised) (?:from|in)",
        r"|[Mm]y home ?(?:town|country) is|I moved (?:here )?from)",
        rf" (?P<v>(?:the )?{_PLACE})",
    ),
    _rule(
        "age",
        _age,
        rf"\b{_AM} (?P<v>\d{{1,3}})(?: ?(?:years old|y/?o|yrs old|years of age)\b|(?= and\b|[,.!;]|$))",
    ),
    _rule("age", _age, r"\bI (?:just |recently )?turned (?P<v>\d{1,3})(?=[,.!;]|$| (?:last|this|on|in|yesterday)\b)"),
    _rule("age", _age, r"\b(?:umur|usia) (?:saya|aku) (?P<v>\d{1,3})\b", any_case=True),
    _rule(
        "birthday",
        _plain,
        r"\b(?i:my birthday(?: is|'s)(?: on)?|i was born on)(?: the)? ",
        r"(?P<v>(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? )?[A-Z][a-z]{2,8}(?: \d{1,2}(?:st|nd|rd|th)?(?!\d))?(?:,? \d{4})?",
        r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})",
    ),
    _rule(
        "gender",
        _plain,
        rf"\b(?:{_AM}|[Aa]s) (?:an? )?",
        r"(?P<v>(?:(?:trans(?:gender)?|cis|queer) )?(?:woman|man|male|female|girl|boy)|non-?binary|transgender)\b",
        r"(?! (?:who thinks|of|nurse|model|friend))",
    ),
    _rule("pronouns", _plain, r"\bmy pronouns are (?P<v>\w+/\w+(?:/\w+)?)", any_case=True),
    _rule(
        "languages",
        _plain,
        r"\b(?:I (?:can |also |only |mostly )*speak(?: fluent| some| a little| both)?",
        rf"|{_AM} (?:fluent|a native speaker) (?:in|of)|[Mm]y (?:native|first|mother) (?:language|tongue) is)",
        rf" (?P<v>(?:{LANGUAGES})(?:(?:,? and |, )(?:fluent |some |a little )?(?:{LANGUAGES}))*)\b",
    ),
    _rule(
        "relationship status",
        _plain,
        rf"\b{_AM} (?:\w+ly |now |still )?(?P<v>married|single|divorced|engaged|widowed)\b(?!-)",
        r"(?! (?:to the|in|out|parent|handed|mom|dad))",
    ),
    _rule(
        "allergies",
        _plain,
        rf"\b{_AM} (?:\w+ly )?allergic to (?P<v>[\w ,-]+?)(?= (?:so|but|which|that|because|and I)\b|[.;!]|$)",
        any_case=True,
    ),
    _rule("allergies", _plain, r"\bI have an? (?:\w+ )?(?P<v>\w+) allergy\b", any_case=True),
    _rule(
        "diet",
        _plain,
        rf"\b{_AM} (?:an? )?(?:strict |\w+ly )?(?P<v>vegan|vegetarian|pescatarian|lactose[ -]intolerant",
        r"|gluten[ -](?:free|intolerant)|coeliac|celiac|diabetic)\b",
        any_case=True,
    ),
    _rule(
        "diet",
        _not_eaten,
        r"\bI (?:don't|do not|can't|cannot|never) eat (?P<v>[\w-]+(?: or [\w-]+)?)",
        r"(?=[,.;!]|$| (?:because|so|anymore)\b)",
        any_case=True,
    ),
)

RELATIVE = re.compile(
    rf"\b(?:[Mm]y|[Oo]ur) (?:\w+ )?(?P<who>{RELATIONS})(?:'s name is|,? (?:is |named |called )|, | )"
    rf"(?P<v>{_NAME})(?! (?:and|or) I\b)"
)
RELATIVES = re.compile(
    rf"\b(?:[Mm]y|[Oo]ur) (?:\w+ )?(?:{SEVERAL_RELATIONS})(?:'s? names are| are (?:named |called )?|,? named |, | )"
    rf"(?P<v>{_NAME}(?:, {_NAME})*,? and {_NAME})"
)
PET = re.compile(
    r"\b(?:[Mm]y|[Oo]ur|I have an?|I've got an?|[Ww]e have an?|I (?:just )?(?:adopted|got|bought) an?) (?:[\w-]+ )?"
    rf"(?P<who>{PETS})(?:'s name is|,? (?:is |named |called |is called )|, | )(?P<v>{_NAME})"
)
