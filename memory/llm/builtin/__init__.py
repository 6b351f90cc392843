"""The memory's thinking without a language model: rules, deterministic, in under 2 ms a page.

`BuiltinResponder` quotes instead of generating; `BuiltinConsolidator` finds keywords, topics and
first-person facts. The rules know English, and the first-person basics of Indonesian; of other languages
they make keywords and quotes, few facts. They prefer to miss a fact over writing a wrong one.
"""

from memory.llm.builtin.consolidator import BuiltinConsolidator
from memory.llm.builtin.responder import BuiltinResponder

__all__ = ["BuiltinConsolidator", "BuiltinResponder"]
