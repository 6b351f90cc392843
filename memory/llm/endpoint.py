"""Where a language model is. Apart from the adapters, so that naming one does not load the client."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is and how long it may be silent, in seconds. The key never shows in a repr.

    `guarded` says that a person, not the operator, has named the address: then only public addresses are called (see
    `memory.outbound`). `own` says that it is a person's: the environment's other variables for OpenAI (organisation,
    project, headers) are not about it, where it sends elsewhere nobody follows, and each call has an end (see
    `memory.outbound_limits`).
    """

    model: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    timeout: float = 60.0
    guarded: bool = False
    own: bool = False
