import asyncio

import pytest

from chat.layer import OneProcessLayer


async def test_everybody_in_a_group_hears_what_is_sent_to_it_and_nobody_else() -> None:
    layer = OneProcessLayer()
    for channel in ("one", "two"):
        await layer.group_add("group", channel)
    await layer.group_add("other", "three")
    await layer.group_send("group", {"type": "hint"})
    assert [await layer.receive(channel) for channel in ("one", "two")] == [{"type": "hint"}] * 2
    assert layer.channels["three"].empty()


async def test_a_channel_that_is_full_misses_what_is_sent_and_holds_up_nobody() -> None:
    layer = OneProcessLayer(capacity=2)
    await layer.group_add("group", "slow")
    async with asyncio.timeout(1):
        for number in range(3):
            await layer.group_send("group", {"number": number})
    assert [(await layer.receive("slow"))["number"] for _ in range(2)] == [0, 1]
    assert layer.channels["slow"].empty()


async def test_nothing_is_left_of_who_has_gone() -> None:
    layer = OneProcessLayer()
    await layer.group_add("group", "one")
    await layer.group_send("group", {"type": "hint"})
    await layer.group_discard("group", "one")
    assert (layer.channels, layer.groups) == ({}, {})
    await layer.group_send("group", {"type": "hint"})
    assert layer.channels == {}


async def test_a_layer_that_forgot_its_groups_loses_hints_and_breaks_nobody() -> None:
    layer = OneProcessLayer()
    await layer.group_add("group", "one")
    waiting = asyncio.create_task(layer.receive("one"))
    await asyncio.sleep(0)
    await layer.flush()
    await layer.group_send("group", {"type": "hint"})
    await layer.group_discard("group", "one")
    assert not waiting.done()
    waiting.cancel()


async def test_who_listens_without_a_group_waits_for_ever() -> None:
    layer = OneProcessLayer()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(layer.receive(await layer.new_channel()), 0.05)
    assert layer.channels == {}
