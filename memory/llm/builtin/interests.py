"""Interests by the words people use for them; the personality dimensions are left to a model."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from memory.domain.lexical import terms
from memory.llm.base import PageText, TraitFinding
from memory.llm.bounds import REASON, cut
from memory.llm.builtin.text import prose, sentences

Level = Literal["high", "medium", "low"]
_MEDIUM_PAGES = 2
_HIGH_PAGES = 4
_QUOTE = 120
_OF_OTHERS = re.compile(r"\b(?:you|your|you're|yours|you've)\b", re.IGNORECASE)
_LEVELS: tuple[Level, ...] = ("low", "medium", "high")

# Only words that hardly mean anything else, also once they are stemmed ("fitness" becomes "fit"); the names are
# those of the 90 dimensions in snake case.
WORDS_OF_INTEREST = {
    "anime": "anime manga cosplay ghibli",
    "art": "art artist artwork gallery museum sculpture",
    "campus_life": "campus dorm dormitory fraternity sorority",
    "camping": "campfire tent campground campsite",
    "cars": "car cars motorcycle ferrari porsche",
    "cinema": "movie movies film films cinema screenplay",
    "crafts": "pottery knitting crochet sewing woodworking ceramics quilting embroidery",
    "culture": "culture cultural heritage tradition",
    "current_events": "election government",
    "dance": "dance dancing dancer ballet salsa choreography",
    "digital_technology": "software coding computer robotics laptop gadgets javascript python",
    "education": "education teacher classroom tutoring",
    "fashion": "fashion outfit clothing clothes",
    "finance": "stocks finance mortgage investors",
    "fitness": "gym workout yoga pilates weightlifting jogging cardio",
    "gaming": "gamer videogame playstation nintendo xbox esports",
    "gourmet_food": "cooking baking recipe cuisine restaurant sushi pasta",
    "health": "health nutrition meditation therapy",
    "home_decor": "decor furniture renovation redecorating",
    "law": "lawyer lawsuit attorney",
    "music": "music guitar piano violin concert song songs singing drums jazz",
    "outdoors": "hiking trail mountains kayaking climbing outdoors wilderness",
    "painting": "painting painted painter watercolor canvas",
    "parenting": "toddler adoption parenthood newborn",
    "pets": "dog dogs cat cats puppy kitten pet pets",
    "photography": "photography photographer camera",
    "psychology": "psychology psychologist counseling counselling",
    "reading": "book books novel novels library author literature",
    "science": "physics chemistry biology astronomy",
    "social_sciences": "sociology anthropology economics",
    "sports": "football soccer basketball baseball tennis marathon swimming cricket volleyball hockey surfing",
    "stationery_and_planners": "stationery planner journaling",
    "travel": "travel traveling trip vacation roadtrip passport",
    "weddings": "bride bridesmaid wedding",
    "workplace": "colleague workplace coworker",
}


@lru_cache(maxsize=1)
def _dimension_of_term() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for dimension, words in WORDS_OF_INTEREST.items():
        for term in set(terms(words)):
            found.setdefault(term, []).append(dimension)
    return {term: tuple(dimensions) for term, dimensions in found.items()}


def _seen(page: PageText) -> dict[str, str]:
    """Return dimension -> the first sentence of the user that shows it."""
    shown: dict[str, str] = {}
    for sentence in sentences(prose(page.query)):
        # Speaking of what the other person has or does is no sign of an own interest.
        if _OF_OTHERS.search(sentence):
            continue
        for term in terms(sentence):
            for dimension in _dimension_of_term().get(term, ()):
                shown.setdefault(dimension, sentence)
    return shown


def _level(pages: int, known: str | None) -> Level:
    """Return the level: one page low, two or three medium, four high; what is known is raised, never
    lowered.
    """
    found = 2 if pages >= _HIGH_PAGES else 1 if pages >= _MEDIUM_PAGES else 0
    if known not in _LEVELS:
        return _LEVELS[found]
    before = _LEVELS.index(known)
    # A second sighting of what was low, or two more of what was medium, is a step up.
    step = before + 1 if before == 0 or found > 0 else before
    return _LEVELS[max(found, min(step, 2))]


def find_interests(
    pages: Sequence[PageText], dimensions: Sequence[str], known: Mapping[str, str], locked: frozenset[str]
) -> tuple[TraitFinding, ...]:
    """Return the interests among `dimensions` that the user's own words show, with the pages they are on."""
    cited: dict[str, list[int]] = {}
    quotes: dict[str, str] = {}
    for page in pages:
        for dimension, sentence in _seen(page).items():
            cited.setdefault(dimension, []).append(page.index)
            quotes.setdefault(dimension, sentence)
    return tuple(
        TraitFinding(
            dimension,
            _level(len(cited[dimension]), known.get(dimension)),
            cut(f"Spoke of it on {_pages(len(cited[dimension]))}: “{cut(quotes[dimension], _QUOTE)}”", REASON),
            tuple(cited[dimension]),
        )
        for dimension in dimensions
        if dimension in cited and dimension not in locked
    )


def _pages(count: int) -> str:
    return "one page" if count == 1 else f"{count} pages"
