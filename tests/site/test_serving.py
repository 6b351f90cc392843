"""Limits that follow from the settings."""

import json

import pytest

from memoryos_site.serving import websocket_max_bytes


@pytest.mark.parametrize("characters", [1, 32_000, 100_000, 1_000_000])
def test_longest_message_fits_into_a_frame_however_it_is_written(characters: int) -> None:
    frame = {
        "type": "message.send",
        "request": "0" * 36,
        "conversation": "0" * 36,
        "text": "\N{GRINNING FACE}" * characters,
    }

    assert len(json.dumps(frame)) <= websocket_max_bytes(characters)


@pytest.mark.parametrize(("characters", "limit"), [(1, 1024 * 1024), (87_041, 12 * 87_041 + 4096)])
def test_frames_are_bounded(characters: int, limit: int) -> None:
    assert websocket_max_bytes(characters) == limit
