"""Reading a model's answers: forgiving about dress and spelling, strict about what they say of the pages.

What would have to be guessed raises `ModelMalformedAnswer`, whose message names the fault so that the model
can be asked again. Everything kept is bounded in length and fits the request: its pages, its traits, its
numbers.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from memory.domain.lexical import terms, words
from memory.exceptions import ModelMalformedAnswer
from memory.llm import bounds
from memory.llm.base import (
    Continuation,
    Fact,
    KnownSegment,
    MergeRequest,
    MergeResult,
    PageNote,
    PageText,
    ProfileFinding,
    PromotionRequest,
    PromotionResult,
    SummaryRequest,
    SummaryResult,
    Topic,
    TraitFinding,
    TransferRequest,
    TransferResult,
)
from memory.llm.bounds import cut
from memory.llm.loose_json import malformed, read_object
from memory.llm.pronouns import names_a_person
from memory.llm.schemas import (
    FactRead,
    MergeRead,
    NoteRead,
    ProfileRead,
    SummaryRead,
    TopicRead,
    TraitRead,
    TransferRead,
)

_M = TypeVar("_M", bound=BaseModel)

DEMOGRAPHIC = frozenset({"age", "age group", "birthday", "date of birth", "gender", "sex", "pronouns"})
"""Attributes a model likes to infer; they are kept only when the user's own words hold the value."""
_SHARED_WITH_USER_FACT = 0.6
"""Share of an entry's terms that one user fact may hold before the entry counts as a fact about the user."""


def read_transfer(text: str, request: TransferRequest) -> TransferResult:
    """Read the answer to `prompts.transfer_turns`: one note a page, topics that partition the pages.

    Repaired: notes out of order or unnumbered, pages counted from 1 throughout, a page in two topics (the first
    has it), a page in none (it goes with the page before it, else after it), indexes out of range and numbers of
    no known segment (dropped).
    Raises ModelEmptyAnswer, ModelMalformedAnswer.
    """
    read = _validated(TransferRead, _unwrapped(read_object(text)))
    indexes = [page.index for page in request.pages]
    _count_from_zero(read, len(indexes))
    notes = _notes_in_order(read.pages, indexes)
    known = {segment.number: segment for segment in request.segments}
    topics = tuple(_topic(topic, pages, known) for topic, pages in _partition(read.topics, indexes))
    return TransferResult(pages=_page_notes(notes, request), topics=topics)


def read_promotion(text: str, request: PromotionRequest) -> PromotionResult:
    """Read the answer to `prompts.promotion_turns`.

    Dropped: findings that name no page of the request, locked or unknown names, demographics the user did not
    state, unknown `supersedes` numbers, assistant knowledge that speaks of the user.
    Raises ModelEmptyAnswer, ModelMalformedAnswer.
    """
    lists = _finding_lists(read_object(text))
    pages = {page.index: page for page in request.pages}
    # Only a page on which the user said something can support a fact about the user.
    said = {index: page for index, page in pages.items() if page.query.strip()}
    profile = _profile(_usable(ProfileRead, lists["profile"]), request, said)
    user = _facts(_usable(FactRead, lists["user_knowledge"]), said, {fact.number for fact in request.known})
    assistant = _facts(_usable(FactRead, lists["assistant_knowledge"]), pages, set())
    return PromotionResult(
        profile=profile,
        traits=_traits(_usable(TraitRead, lists["traits"]), request, said),
        user_knowledge=user,
        assistant_knowledge=tuple(fact for fact in assistant if not _speaks_of_user(fact.text, request, profile, user)),
    )


def read_merge(text: str, request: MergeRequest) -> MergeResult:
    """Read the answer to `prompts.merge_turns`: a verdict on every pair, by its number or, unnumbered, in order.

    Raises ModelEmptyAnswer, ModelMalformedAnswer.
    """
    read = _validated(MergeRead, read_object(text)).verdicts
    if len(read) == len(request.pairs) and all(entry.pair is None for entry in read):
        return MergeResult(tuple(entry.verdict for entry in read))
    given = {entry.pair: entry.verdict for entry in read}
    if missing := [pair.number for pair in request.pairs if pair.number not in given]:
        raise malformed(f'"verdicts" has no entry for pair {missing[0]}')
    return MergeResult(tuple(given[pair.number] for pair in request.pairs))


def read_summary(text: str, request: SummaryRequest) -> SummaryResult:
    """Read the answer to `prompts.summary_turns`. Repaired: a wrapper, a title left out, keywords in one string.

    Raises ModelEmptyAnswer, ModelMalformedAnswer (also when the summary is blank).
    """
    answer: object = read_object(text)
    if isinstance(answer, dict) and "summary" not in answer and len(answer) == 1:
        answer = next(iter(answer.values()))
    read = _validated(SummaryRead, answer)
    summary = cut(read.summary, bounds.SUMMARY)
    if not summary:
        raise malformed('"summary" is blank')
    return SummaryResult(cut(read.title, bounds.TITLE) or cut(summary, bounds.TITLE), summary, _keywords(read.keywords))


def _validated(model: type[_M], value: object) -> _M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise malformed(f"{place}: {first['type'].replace('_', ' ')}") from None


def _unwrapped(answer: dict[str, Any]) -> object:
    """Return the answer without a wrapper: {"result": {...}} is its only value."""
    inner = next(iter(answer.values())) if len(answer) == 1 else None
    return inner if isinstance(inner, dict) and "topics" in inner else answer


def _count_from_zero(read: TransferRead, count: int) -> None:
    """Mend an answer that counts the pages from 1 throughout, as people do."""
    from_one = set(range(1, count + 1))
    noted = {note.index for note in read.pages}
    named = {index for topic in read.topics for index in topic.pages}
    if 0 in named or not (noted == from_one or (noted == {None} and named == from_one)):
        return
    for note in read.pages:
        note.index = None if note.index is None else note.index - 1
    for topic in read.topics:
        topic.pages = [index - 1 for index in topic.pages]


def _notes_in_order(notes: list[NoteRead], indexes: Sequence[int]) -> list[NoteRead]:
    """Return one note a page: by index where every page has one, else by order when the number is right."""
    by_index: dict[int, NoteRead] = {}
    for note in notes:
        if note.index is not None:
            by_index.setdefault(note.index, note)
    if missing := [index for index in indexes if index not in by_index]:
        unnumbered = all(note.index is None for note in notes)
        if unnumbered and len(notes) == len(indexes):
            return notes
        raise malformed(f'"pages" has no entry for index {missing[0]}')
    return [by_index[index] for index in indexes]


def _keywords(found: Iterable[str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for keyword in found:
        short = cut(keyword, bounds.KEYWORD, ellipsis="")
        if short:
            kept.setdefault(short.casefold(), short)
    return tuple(kept.values())[: bounds.KEYWORDS_PER_PAGE]


def _page_notes(notes: list[NoteRead], request: TransferRequest) -> tuple[PageNote, ...]:
    has_chain = request.previous is not None or request.chain_summary is not None
    made: list[PageNote] = []
    for position, note in enumerate(notes):
        continues = note.continues and (position > 0 or has_chain)
        made.append(PageNote(continues, _keywords(note.keywords), cut(note.chain_summary, bounds.SUMMARY)))
    return tuple(made)


def _partition(topics: list[TopicRead], indexes: Sequence[int]) -> list[tuple[TopicRead, list[int]]]:
    known = set(indexes)
    taken: dict[int, int] = {}
    for number, topic in enumerate(topics):
        for index in topic.pages:
            if index in known:
                taken.setdefault(index, number)
    if not taken:
        raise malformed('"topics" names none of the pages')
    for order in (indexes, list(reversed(indexes))):
        neighbour: int | None = None
        for index in order:
            neighbour = taken.get(index, neighbour)
            if neighbour is not None:
                taken[index] = neighbour
    grouped = [[index for index in indexes if taken[index] == number] for number in range(len(topics))]
    return [(topic, pages) for topic, pages in zip(topics, grouped, strict=True) if pages]


def _topic(read: TopicRead, pages: list[int], known: dict[int, KnownSegment]) -> Topic:
    keywords = _keywords(read.keywords)
    title = cut(read.title, bounds.TITLE) or cut(read.summary, bounds.TITLE)
    return Topic(
        title=title or cut(", ".join(keywords), bounds.TITLE) or "Conversation",
        summary=cut(read.summary, bounds.SUMMARY) or title,
        keywords=keywords,
        page_indexes=tuple(pages),
        continues=_continuation(read, known),
    )


def _continuation(read: TopicRead, known: dict[int, KnownSegment]) -> Continuation | None:
    """Return what the topic says of a known segment; without a summary of the whole it says nothing."""
    summary = cut(read.segment_summary, bounds.SUMMARY)
    if read.continues_segment not in known or not summary:
        return None
    segment = known[read.continues_segment]
    return Continuation(segment.number, cut(read.segment_title, bounds.TITLE) or segment.title, summary)


_FINDING_KEYS = ("profile", "traits", "user_knowledge", "assistant_knowledge")


def _finding_lists(answer: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the four lists; one missing is empty, none at all is another form than the one asked for."""
    if not answer.keys() & set(_FINDING_KEYS):
        raise malformed(f"it has none of the keys {', '.join(_FINDING_KEYS)}")
    lists: dict[str, list[Any]] = {}
    for key in _FINDING_KEYS:
        value = answer.get(key)
        if isinstance(value, dict):
            value = [value] if value else []
        if not isinstance(value, list | None):
            raise malformed(f'"{key}" is not a list')
        lists[key] = value or []
    return lists


def _usable(model: type[_M], values: list[Any]) -> list[_M]:
    """Return the entries of the right form. One unusable entry costs only itself, all of them the answer."""
    kept: list[_M] = []
    fault: ModelMalformedAnswer | None = None
    for value in values:
        try:
            kept.append(_validated(model, value))
        except ModelMalformedAnswer as error:
            fault = fault or error
    if fault is not None and not kept:
        raise fault
    return kept


def _cited(indexes: Iterable[int], pages: dict[int, PageText]) -> tuple[int, ...]:
    return tuple(sorted({index for index in indexes if index in pages}))


def _attribute_name(name: str) -> str:
    return cut(name.replace("_", " ").lower(), bounds.PROFILE_NAME, ellipsis="")


def _stated(value: str, cited: tuple[int, ...], pages: dict[int, PageText]) -> bool:
    own_words = {word for index in cited for word in words(pages[index].query)}
    return any(word in own_words for word in words(value))


def _profile(
    read: list[ProfileRead], request: PromotionRequest, said: dict[int, PageText]
) -> tuple[ProfileFinding, ...]:
    existing = {_attribute_name(name): name for name in request.profile}
    locked = {_attribute_name(name) for name in request.locked}
    found: dict[str, ProfileFinding] = {}
    for entry in read:
        name, value = _attribute_name(entry.name), cut(entry.value, bounds.PROFILE_VALUE)
        cited = _cited(entry.pages, said)
        if not (name and value and cited) or name in locked:
            continue
        if name in DEMOGRAPHIC and not _stated(value, cited, said):
            continue
        # The last statement of an attribute is the newest.
        found[name] = ProfileFinding(existing.get(name, name), value, cited)
    return tuple(found.values())


def _dimension(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.strip().lower()).strip("_")


def _traits(read: list[TraitRead], request: PromotionRequest, said: dict[int, PageText]) -> tuple[TraitFinding, ...]:
    allowed = {_dimension(name): name for name in request.trait_dimensions if name not in request.locked}
    found: dict[str, TraitFinding] = {}
    for entry in read:
        name = allowed.get(_dimension(entry.dimension))
        cited = _cited(entry.pages, said)
        if name is not None and cited:
            reason = cut(entry.reason, bounds.REASON)
            found.setdefault(name, TraitFinding(name, entry.level, reason, cited))
    return tuple(found.values())


def _facts(read: list[FactRead], pages: dict[int, PageText], numbers: set[int]) -> tuple[Fact, ...]:
    found: dict[str, Fact] = {}
    for entry in read:
        text, cited = cut(entry.text, bounds.FACT), _cited(entry.pages, pages)
        if not text or not cited:
            continue
        since = entry.valid_from or min(pages[index].occurred_at for index in cited)
        replaced = tuple(sorted(set(entry.supersedes) & numbers))
        found.setdefault(text.casefold(), Fact(text, cited, since, replaced))
    return tuple(found.values())


def _speaks_of_user(
    text: str,
    request: PromotionRequest,
    profile: tuple[ProfileFinding, ...],
    user_facts: tuple[Fact, ...],
) -> bool:
    """Say whether an entry that other people will see speaks of this user: by word, by name, or by
    repeating.
    """
    spoken = set(words(text))
    names = [request.profile.get("name", "")] + [item.value for item in profile if item.name == "name"]
    if names_a_person(text) or any(spoken & set(words(name)) for name in names):
        return True
    mine = set(terms(text))
    known = [fact.text for fact in user_facts] + [fact.text for fact in request.known]
    return any(len(mine & set(terms(fact))) > _SHARED_WITH_USER_FACT * len(mine) for fact in known)
