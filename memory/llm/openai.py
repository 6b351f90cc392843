"""The language model behind any OpenAI-compatible server (OpenAI, Ollama, vLLM, DeepSeek, Qwen ...).

A client is opened for one call and closed with it, so that an adapter may be used from any thread and any
event loop; only the TLS context, which takes 50 ms to build, is shared. Nothing is retried here: a reply is
exactly one model call, and a background job is retried by its queue.
"""

import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeGuard, TypeVar

import httpx2
import openai

from memory import exceptions as errors
from memory.llm import parsing, prompts
from memory.llm.base import (
    Delta,
    MergeRequest,
    MergeResult,
    PromotionRequest,
    PromotionResult,
    ReplyRequest,
    SummaryRequest,
    SummaryResult,
    TransferRequest,
    TransferResult,
    Turn,
    Usage,
)
from memory.llm.bounds import storable
from memory.llm.endpoint import Endpoint
from memory.llm.findings import Form
from memory.llm.reasoning import ReasoningFilter
from memory.outbound import AsyncGuardedTransport, GuardedTransport
from memory.outbound_limits import limit, limit_async

OPENAI_URL = "https://api.openai.com/v1"
PLACEHOLDER_KEY = "none"
"""Sent where a base URL stands without a key: Ollama and its like ask for none, the client does."""
CONNECT_TIMEOUT = 10.0
"""Seconds a server may take to accept the connection; a silence after that is judged by
`Endpoint.timeout`.
"""
MOST_TOKENS = 1_000_000_000
"""What is more than this is no count of tokens; the ledger's column ends at twice that."""
JOB_PATIENCE = 4
"""A consolidation comes in one piece, so its silence lasts for the whole generation."""
ANSWER_PATIENCE = 10
"""Of `Endpoint.timeout`, for the whole of an answer that comes word by word (from a server that a person named)."""
LONGEST_ANSWER = 200_000
"""Characters of an answer in one piece, ten times what any task can use: looking for JSON takes its time."""

FORMATS: tuple[Form, ...] = ("json_schema", "json_object", "none")
REQUEST_FAULTS = (400, 422)
CALL_ERRORS = (
    # Of undecodable JSON or UTF-8, and of JSON that Python will not take: thousands of digits, or nested too deeply.
    *(openai.OpenAIError, httpx2.InvalidURL, ValueError, RecursionError),
    # The client lets through what a guarded transport refuses, and what befalls the body of an error status.
    *(errors.PrivateAddress, errors.InvalidAddress, httpx2.RequestError),
)
_Client = TypeVar("_Client", openai.OpenAI, openai.AsyncOpenAI)
_T = TypeVar("_T", TransferResult, PromotionResult, MergeResult, SummaryResult)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the process's TLS context (the operating system's trust store)."""
    return httpx2.create_ssl_context()


def sync_client(endpoint: Endpoint, patience: float = 1.0) -> openai.OpenAI:
    """Open a client for one call from a job; the caller closes it."""
    transport = GuardedTransport(tls_context()) if endpoint.guarded else None
    http = openai.DefaultHttpxClient(verify=tls_context(), transport=transport, follow_redirects=not endpoint.own)
    if endpoint.own or endpoint.guarded:
        # All of it comes within one silence; the rest is for connecting and for a body on a slow line.
        limit(http, endpoint.timeout * (patience + 1))
    client = openai.OpenAI(http_client=http, **_client_arguments(endpoint, patience))
    return _apart(client) if endpoint.own else client


def async_client(endpoint: Endpoint) -> openai.AsyncOpenAI:
    """Open a client for one call from an event loop; the caller closes it."""
    transport = AsyncGuardedTransport(tls_context()) if endpoint.guarded else None
    http = openai.DefaultAsyncHttpxClient(verify=tls_context(), transport=transport, follow_redirects=not endpoint.own)
    if endpoint.own or endpoint.guarded:
        limit_async(http, endpoint.timeout * ANSWER_PATIENCE)
    client = openai.AsyncOpenAI(http_client=http, **_client_arguments(endpoint))
    return _apart(client) if endpoint.own else client


def _client_arguments(endpoint: Endpoint, patience: float = 1.0) -> dict[str, Any]:
    """Return the arguments both kinds of client take."""
    silence = endpoint.timeout * patience
    return {
        "api_key": endpoint.api_key or PLACEHOLDER_KEY,
        "base_url": endpoint.base_url or OPENAI_URL,
        "max_retries": 0,
        "timeout": httpx2.Timeout(silence, connect=min(CONNECT_TIMEOUT, silence)),
    }


def _apart(client: _Client) -> _Client:
    """Take from a client what it reads of the environment: the operator's account is no affair of that server."""
    client.organization = client.project = None
    # OPENAI_CUSTOM_HEADERS; the library has no other way to leave them out.
    client._custom_headers = {}
    return client


def _error_of_status(status: int) -> type[errors.ModelError]:
    match status:
        case 401 | 403:
            return errors.ModelUnauthorised
        case 402 | 429:
            # 402: the prepaid balance is used up (DeepSeek).
            return errors.ModelRateLimited
        case 408 | 504:
            return errors.ModelTimedOut
    if status < 400:
        return errors.ModelMoved
    return errors.ModelServerError if status >= 500 else errors.ModelRefused


def model_error(error: Exception, endpoint: Endpoint, *, answering: bool = False) -> errors.ModelError:
    """Return the memory's own error for one of the client's.

    `answering` says that the answer had begun. The message is plain words with the HTTP status and the
    model's name; never the key, never what the server wrote.
    """
    status = ""
    kind: type[errors.ModelError]
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            kind = errors.ModelTimedOut
        case openai.APIConnectionError() | httpx2.RequestError():
            kind = errors.ModelCutOff if answering else errors.ModelUnreachable
        case openai.APIStatusError():
            kind, status = _error_of_status(error.status_code), f"HTTP {error.status_code}, "
        case httpx2.InvalidURL() | errors.InvalidAddress():
            kind = errors.ModelUnreachable
        case errors.PrivateAddress():
            kind = errors.ModelAddressRefused
        case UnicodeEncodeError():
            # A key with letters that no HTTP header can carry.
            kind = errors.ModelUnauthorised
        case openai.APIResponseValidationError() | ValueError() | RecursionError():
            kind = errors.ModelMalformedAnswer
        case _:
            kind = errors.ModelServerError
    return kind(f"{kind.message} ({status}model {endpoint.model})")


def usage_of(answer: object) -> Usage:
    """Return the server's own counts in an answer of any kind; None where it sent none or nonsense (-1, say)."""
    usage = _part(answer, "usage")
    return _usage(*(_part(usage, name) for name in ("prompt_tokens", "completion_tokens")))


def _usage(*counts: object) -> Usage:
    return Usage(*(count if _is_count(count) else None for count in counts))


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS


def _field(value: object, name: str) -> Any:
    """Return a field of what JSON holds; None where there is no such thing."""
    return value.get(name) if isinstance(value, dict) else None


def _part(value: object, name: str) -> Any:
    """Return a field of what JSON holds, or of the client's objects."""
    return _field(value, name) if isinstance(value, dict) else getattr(value, name, None)


def _messages(turns: Sequence[Turn]) -> list[Any]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]


class _Answer:
    """What has come of one streamed answer, and whether it is whole."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self._endpoint = endpoint
        self._reasoning = ReasoningFilter()
        self._chunks = 0
        self._half = ""
        self._shown = False

    def take(self, chunk: object) -> str:
        """Return the text a chunk adds to the answer."""
        if not isinstance(chunk, dict):
            raise self._error(errors.ModelMalformedAnswer)
        self._chunks += 1
        if (usage := chunk.get("usage")) is not None:
            self.usage = _usage(_field(usage, "prompt_tokens"), _field(usage, "completion_tokens"))
        # Nobody has validated chunks: any field may be missing, or something else.
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        self.finish_reason = _field(choice, "finish_reason") or self.finish_reason
        delta = _field(choice, "delta")
        text = _field(delta, "content") or _field(delta, "refusal")
        return self._show(self._reasoning.feed(self._whole(text))) if isinstance(text, str) else ""

    def _whole(self, text: str) -> str:
        """Join a character that servers split over two chunks, and drop what no database takes."""
        text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return storable(text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore"))

    def close(self) -> str:
        """Return the text still held back when the stream has ended."""
        return self._show(self._reasoning.close())

    def check(self, content_type: str) -> None:
        """Raise what is wrong with the stream that ended; `content_type` is the response's."""
        if not self._chunks and "event-stream" not in content_type:
            raise self._error(errors.ModelMalformedAnswer)
        if self._chunks and self.finish_reason is None:
            raise self._error(errors.ModelCutOff)
        if not self._shown:
            raise self._error(errors.ModelEmptyAnswer)

    def _show(self, text: str) -> str:
        self._shown = self._shown or bool(text.strip())
        return text

    def _error(self, kind: type[errors.ModelError]) -> errors.ModelError:
        return kind(f"{kind.message} (model {self._endpoint.model})")


class OpenAIResponder:
    """Streams answers from a chat-completions endpoint."""

    is_model = True

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.model
        self._endpoint = endpoint
        self._takes_stream_options = True

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[Delta | Usage, None]:
        """Yield the answer's text as it comes, then its `Usage` if the server tells it.

        One model call. A stop closes the connection at once: cancel the consuming task, or close the
        iterator. Raises a `ModelError`; the text yielded before it stands.
        """
        answer = _Answer(self._endpoint)
        opened = False
        content_type = ""
        try:
            async with async_client(self._endpoint) as client, await self._open(client, request) as chunks:
                opened, content_type = True, chunks.response.headers.get("content-type", "")
                async for chunk in chunks:
                    if text := answer.take(chunk):
                        yield Delta(text)
        except CALL_ERRORS as error:
            # After the model has said that it is done, a lost goodbye takes nothing from the answer.
            if answer.finish_reason is None:
                raise model_error(error, self._endpoint, answering=opened) from None
        if text := answer.close():
            yield Delta(text)
        answer.check(content_type)
        if answer.usage is not None:
            yield answer.usage

    async def _open(self, client: openai.AsyncOpenAI, request: ReplyRequest) -> openai.AsyncStream[object]:
        """Start the answer; a server that refuses `stream_options` is asked once more without, ever after."""
        body = {"model": self._endpoint.model, "messages": _messages(request.turns), "stream": True}
        if self._takes_stream_options:
            try:
                return await _post(client, {**body, "stream_options": {"include_usage": True}})
            except openai.APIStatusError as error:
                if error.status_code not in REQUEST_FAULTS:
                    raise
        opened = await _post(client, body)
        # Remembered only now: had this failed too, the options were not to blame.
        self._takes_stream_options = False
        return opened


async def _post(client: openai.AsyncOpenAI, body: dict[str, Any]) -> openai.AsyncStream[object]:
    """Ask for a stream of bare JSON: making the client's objects of each token costs more than all else about it."""
    return await client.post(
        "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
    )


class OpenAIConsolidator:
    """Does the memory's thinking with a chat-completions endpoint, one structured call each time."""

    is_model = True

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.model
        self._endpoint = endpoint
        self._format: Form = FORMATS[0]

    def transfer(self, request: TransferRequest) -> TransferResult:
        """Judge continuity, keywords and topics of a batch; see `Consolidator.transfer`."""
        return self._ask(
            prompts.transfer_turns(request),
            prompts.TRANSFER_SCHEMA,
            lambda text: parsing.read_transfer(text, request),
        )

    def promote(self, request: PromotionRequest) -> PromotionResult:
        """Extract profile, traits and knowledge; see `Consolidator.promote`."""
        return self._ask(
            prompts.promotion_turns(request),
            prompts.PROMOTION_SCHEMA,
            lambda text: parsing.read_promotion(text, request),
        )

    def merge(self, request: MergeRequest) -> MergeResult:
        """Judge facts that nearly say the same; see `Consolidator.merge`."""
        return self._ask(
            prompts.merge_turns(request),
            prompts.MERGE_SCHEMA,
            lambda text: parsing.read_merge(text, request),
        )

    def summarise(self, request: SummaryRequest) -> SummaryResult:
        """Sum up what is left of a segment or a chain; see `Consolidator.summarise`."""
        return self._ask(
            prompts.summary_turns(request),
            prompts.SUMMARY_SCHEMA,
            lambda text: parsing.read_summary(text, request),
        )

    def _ask(self, turns: list[Turn], schema: dict[str, Any], read: Callable[[str], _T]) -> _T:
        """Ask, read, and when the answer cannot be used ask once more with the fault named; usage is
        summed, also in the error when that one is of no use either.
        """
        with self._client() as client:
            text, usage = self._complete(client, turns, schema)
            try:
                return replace(read(text), usage=usage)
            except (errors.ModelMalformedAnswer, errors.ModelEmptyAnswer) as fault:
                again = prompts.repair_turns(turns, text, str(fault))
            try:
                text, more = self._complete(client, again, schema)
                usage += more
                return replace(read(text), usage=usage)
            except errors.ModelError as error:
                error.usage = usage + (error.usage or Usage())
                raise

    def _client(self) -> openai.OpenAI:
        try:
            return sync_client(self._endpoint, JOB_PATIENCE)
        except CALL_ERRORS as error:
            raise model_error(error, self._endpoint) from None

    def _complete(self, client: openai.OpenAI, turns: list[Turn], schema: dict[str, Any]) -> tuple[str, Usage]:
        """Make one call in the strictest form the server takes; a 400 steps down a form, and that is kept."""
        for form in FORMATS[FORMATS.index(self._format) :]:
            try:
                body = completion_body(self._endpoint, _messages(turns), form, schema)
                # Bare JSON: hostile megabytes of it, made into the client's objects, take minutes.
                completion: object = client.post("/chat/completions", body=body, cast_to=httpx2.Response).json()
            except CALL_ERRORS as error:
                if form != FORMATS[-1] and getattr(error, "status_code", None) in REQUEST_FAULTS:
                    continue
                raise model_error(error, self._endpoint) from None
            self._format = form
            return completion_text(completion), usage_of(completion)
        raise AssertionError("the last form either returns or raises")


def completion_body(endpoint: Endpoint, messages: list[Any], form: Form, schema: dict[str, Any]) -> dict[str, Any]:
    """Return what to post for an answer in one piece."""
    body: dict[str, Any] = {"model": endpoint.model, "messages": messages}
    if form == "none":
        return body
    more = {"json_schema": schema} if form == "json_schema" else {}
    return {**body, "response_format": {"type": form, **more}}


def completion_text(completion: object) -> str:
    """Return the answer's text; something that is no completion (an HTML page, say) is malformed, or endless."""
    choices = _field(completion, "choices")
    if not isinstance(choices, list) or not choices:
        raise errors.ModelMalformedAnswer(usage=usage_of(completion))
    content = _field(_field(choices[0], "message"), "content")
    if not isinstance(content, str):
        return ""
    if len(content) > LONGEST_ANSWER:
        raise errors.ModelMalformedAnswer(usage=usage_of(completion))
    return content
