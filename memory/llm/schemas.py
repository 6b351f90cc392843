"""The shape of a model's answers, entry by entry. Extra keys are ignored; a type is bent only where it
is unambiguous.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from memory.llm.base import Verdict

_FIRST_YEAR, _LAST_YEAR = 1000, 2999


def _as_text(value: object) -> object:
    """A bare number is a text; nothing else is."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_index(value: object) -> object:
    # Lax mode would read true as 1.
    return "" if isinstance(value, bool) else value


def _as_list(value: object) -> object:
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _as_indexes(value: object) -> object:
    """One string of numbers is a list of them."""
    return re.findall(r"[^\s,;\[\]]+", value) if isinstance(value, str) else _as_list(value)


def _as_number(value: object) -> object:
    """Return the number, None for what is none: nothing depends on it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip(" #").isdecimal():
        return int(value.strip(" #")[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _as_words(value: object) -> object:
    """One string of keywords is a list of them, written the way people write lists."""
    return re.split(r"[,;\n]", value) if isinstance(value, str) else _as_list(value)


def _as_level(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _as_day(value: object) -> object:
    """Return midnight UTC of a written day; what is no full date is no date, nor is 0001-01-01 or 9999-12-31.

    With a time zone those two name moments that Postgres stores and Python cannot read back.
    """
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


Text = Annotated[str, BeforeValidator(_as_text)]
Index = Annotated[int, BeforeValidator(_as_index)]
Indexes = Annotated[list[Index], BeforeValidator(_as_indexes)]
Number = Annotated[int | None, BeforeValidator(_as_number)]
Words = Annotated[list[Text], BeforeValidator(_as_words)]
Level = Annotated[Literal["high", "medium", "low"], BeforeValidator(_as_level)]
Judgement = Annotated[Verdict, BeforeValidator(_as_level)]
Day = Annotated[datetime | None, BeforeValidator(_as_day)]
_PAGES = AliasChoices("pages", "page_indexes", "page_indices", "page")


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore")


class NoteRead(_Read):
    """One entry of "pages" in a transfer answer."""

    index: Index | None = None
    continues: bool
    keywords: Words = []
    chain_summary: Text = ""


class TopicRead(_Read):
    """One entry of "topics" in a transfer answer."""

    title: Text = ""
    summary: Text = ""
    keywords: Words = []
    pages: Indexes = Field(validation_alias=_PAGES)
    continues_segment: Number = None
    segment_title: Text = ""
    segment_summary: Text = ""


class TransferRead(_Read):
    """A transfer answer."""

    pages: list[NoteRead]
    topics: list[TopicRead]


class ProfileRead(_Read):
    """One entry of "profile" in a promotion answer."""

    name: Text
    value: Text
    pages: Indexes = Field(validation_alias=_PAGES)


class TraitRead(_Read):
    """One entry of "traits" in a promotion answer."""

    dimension: Text
    level: Level
    reason: Text = ""
    pages: Indexes = Field(validation_alias=_PAGES)


class FactRead(_Read):
    """One entry of "user_knowledge" or "assistant_knowledge" in a promotion answer."""

    text: Text
    pages: Indexes = Field(validation_alias=_PAGES)
    valid_from: Day = None
    supersedes: Indexes = []


class VerdictRead(_Read):
    """One entry of "verdicts" in an answer about near duplicates."""

    pair: Index | None = None
    verdict: Judgement


class MergeRead(_Read):
    """An answer about near duplicates."""

    verdicts: list[VerdictRead]


class SummaryRead(_Read):
    """A summary of pages."""

    title: Text = ""
    summary: Text
    keywords: Words = []
