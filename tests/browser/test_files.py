"""A memory goes out as a file, is forgotten and comes back as it was; files that are no good, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard_page import DashboardPage
from tests.browser.world import running_product
from tests.serving import Product

pytestmark = [pytest.mark.browser, pytest.mark.process]

QUESTIONS = (
    "What is my cat called?",
    "What must not be in a cake for me?",
    "Where do I live now?",
    "What do I do for a living?",
    "Who teaches me the cello?",
    "When did I go to the Azores with Ines?",
    "How much is my rent?",
    "What did my application begin with?",
    "How far can I run?",
    "What does Biscuit weigh?",
)
TALK = [
    {"user_input": "My kayak is green.", "agent_response": "Nice.", "timestamp": "2025-03-01 10:00:00"},
    {"user_input": "It leaks.", "agent_response": "Oh dear.", "timestamp": "2025-03-02 10:00:00"},
]


@pytest.fixture(scope="module")
def memoryos() -> Iterator[Product]:
    """One product for all journeys of this module: each is somebody else's."""
    with running_product() as product:
        yield product


def download(dashboard: DashboardPage, folder: Path) -> Path:
    """Export everything as a person does and return the file."""
    dashboard.open("Export & import")
    with dashboard.page.expect_download() as download:
        dashboard.page.get_by_role("link", name="Everything (JSON)").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def contents(path: Path) -> dict[str, Any]:
    """Return what an export holds but for the moment of exporting, with its rows numbered from 0."""
    data: dict[str, Any] = json.loads(path.read_text())
    del data["memory"]["exported_at"]
    pages = data["pages"]
    first = pages[0]["position"]
    for page in pages:
        page["position"] -= first
    for part, name, users in (
        ("chains", "chain", pages),
        ("segments", "segment", pages),
        ("knowledge", "superseded_by", data["knowledge"]),
    ):
        numbers = {row["id"]: number for number, row in enumerate(data[part])}
        for row in data[part]:
            row["id"] = numbers[row["id"]]
        for user in users:
            user[name] = numbers.get(user[name])
    return data


def forget_everything(dashboard: DashboardPage) -> None:
    page = dashboard.page
    dashboard.open("Overview")
    page.get_by_role("link", name="Forget everything…").click()
    expect(page.locator(".forgetting-goes")).to_contain_text("60 pages")
    page.get_by_label("To confirm, type the assistant’s name").fill("Assistant")
    dashboard.button("Forget everything").click()
    dashboard.told("Forgotten for good: 60 pages")
    expect(page.get_by_role("heading", name="Nothing is remembered yet")).to_be_visible()


def upload(dashboard: DashboardPage, name: str, content: bytes) -> int:
    """Choose a file and have it looked into; return the status."""
    dashboard.open("Export & import")
    file = dashboard.page.get_by_label("File", exact=True)
    file.set_input_files({"name": name, "mimeType": "application/json", "buffer": content})
    with dashboard.page.expect_response(lambda answer: answer.url.endswith("/import/")) as answer:
        dashboard.button("Look into the file").click()
    return answer.value.status


def number_of(page: Page, part: str, column: str) -> str:
    """Return a number of the preview's table."""
    return page.get_by_role("row").filter(has_text=part).locator(f"[data-label='{column}']").inner_text()


def confirm(dashboard: DashboardPage, told: str) -> None:
    """Import what was previewed and wait until it is done."""
    expect(dashboard.heading).to_have_text("Import this?")
    dashboard.page.wait_for_load_state()
    dashboard.button("Import").click()
    expect(dashboard.heading).to_have_text("Imported")
    expect(dashboard.page.locator(".notice-success")).to_contain_text(told)


def test_a_memory_comes_back_from_its_file_as_it_was(dashboard: DashboardPage, tmp_path: Path) -> None:
    dashboard.load_demo()
    dashboard.settle()
    before = {question: dashboard.recalled(question) for question in QUESTIONS}
    assert all(len(found) > 20 for found in before.values())
    exported = download(dashboard, tmp_path)
    forget_everything(dashboard)
    assert dashboard.recalled(QUESTIONS[0]) == []
    upload(dashboard, exported.name, exported.read_bytes())
    expect(dashboard.heading).to_have_text("Import this?")
    assert number_of(dashboard.page, "Pages", "New") == "60"
    confirm(dashboard, "New in the memory: 60 pages")
    dashboard.page.get_by_role("link", name="To the memory").click()
    dashboard.settle()
    assert {question: dashboard.recalled(question) for question in QUESTIONS} == before
    (tmp_path / "again").mkdir()
    assert contents(download(dashboard, tmp_path / "again")) == contents(exported)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"Dear diary, this is no JSON.", "diary.json is not JSON: Expecting value in line 1."),
        (json.dumps([TALK[0], {**TALK[1], "user_input": 5}]).encode(), "Entry 2: 'user_input' must be text."),
    ],
    ids=["not JSON", "a fault in entry 2"],
)
def test_a_file_with_a_fault_is_refused_with_the_place(dashboard: DashboardPage, content: bytes, fault: str) -> None:
    dashboard.overview()
    assert upload(dashboard, "diary.json", content) == 422
    alert = dashboard.page.get_by_role("alert")
    expect(alert).to_contain_text("Nothing was imported.")
    expect(alert).to_contain_text(fault)
    expect(alert).to_be_focused()
    expect(dashboard.page.get_by_role("heading", name="Latest imports")).to_have_count(0)
    dashboard.open("Latest pages")
    expect(dashboard.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    # Nobody is stuck: the next file goes through.
    upload(dashboard, "talk.json", json.dumps(TALK).encode())
    expect(dashboard.heading).to_have_text("Import this?")


def test_the_same_file_twice_brings_nothing_new(dashboard: DashboardPage) -> None:
    dashboard.overview()
    upload(dashboard, "talk.json", json.dumps(TALK).encode())
    confirm(dashboard, "New in the memory: 2 pages")
    upload(dashboard, "talk.json", json.dumps(TALK).encode())
    expect(dashboard.heading).to_have_text("Nothing new in this file")
    expect(dashboard.button("Import")).to_have_count(0)
    dashboard.button("Remove the file").click()
    expect(dashboard.heading).to_have_text("Cancelled")
    dashboard.open("Latest pages")
    expect(dashboard.page.locator(".page-card")).to_have_count(2)
    expect(dashboard.page.locator(".page-card").first).to_contain_text("Mar 1, 2025")
