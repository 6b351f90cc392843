"""Where test data lies."""

from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
CONVERSATION = DATA / "conversation.json"
LOCOMO_SMALL = DATA / "locomo_small.json"
LOCOMO_QUESTIONS = DATA / "locomo_questions.json"
LOCOMO = Path(__file__).parents[2] / "shared" / "data" / "locomo-dev.json"

needs_locomo = pytest.mark.skipif(
    not LOCOMO.exists(), reason="LoCoMo (CC BY-NC) is not shipped: put locomo-dev.json into ../shared/data to run this"
)
