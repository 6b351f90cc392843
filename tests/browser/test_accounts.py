"""A person and two of their devices: the second step, and signing one out from the other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import ChatPage
from tests.serving import PASSWORD, USERNAME, Product

pytestmark = [pytest.mark.browser, pytest.mark.process]

SECRET = ".account-key"
CODES = ".account-codes code"


def code_of(secret: str) -> str:
    """Return what an authenticator app shows now (RFC 6238)."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def fill_in_password(page: Page, memoryos: Product) -> None:
    page.goto(f"{memoryos.url}/accounts/login/")
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_second_step_and_a_device_signed_out_from_afar(page: Page, memoryos: Product, browser: Browser) -> None:
    memoryos.sign_in(page)
    page.goto(f"{memoryos.url}/settings/")
    page.get_by_role("link", name=re.compile("Two-step sign-in")).click()
    page.get_by_role("link", name="Turn on").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    # A picture that the policy forbids would have no size.
    assert page.locator(".account-qr").evaluate("picture => picture.complete && picture.naturalWidth > 0")
    page.get_by_label("Code").fill(code_of(page.locator(SECRET).inner_text()))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("Two-step sign-in is on. Keep the recovery codes.")).to_be_visible()
    expect(page.locator(CODES)).to_have_count(10)
    recovery = page.locator(CODES).first.inner_text()

    telephone = browser.new_context(user_agent="Mozilla/5.0 (iPhone) Version/18.0 Mobile Safari/604.1")
    theirs = telephone.new_page()
    fill_in_password(theirs, memoryos)
    theirs.get_by_label("Code").fill(recovery)
    theirs.get_by_role("button", name="Sign in").click()
    chat = ChatPage(theirs, memoryos)
    chat.new()

    page.goto(f"{memoryos.url}/accounts/sessions/")
    expect(page.get_by_text("Safari on iPhone", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("Sign out.*Safari on iPhone")).click()
    expect(page.get_by_text("That device is signed out.")).to_be_visible()
    theirs.wait_for_url("**/accounts/login/?next=**", timeout=5_000)
    page.goto(f"{memoryos.url}/settings/")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    telephone.close()
