"""Files as they are uploaded: packed or not, sound or not."""

import io
import json
import zipfile

import pytest
from pytest_django.fixtures import Settings

from memory.domain.importing import load
from memory.exceptions import ImportFault, ImportTooBig


def packed(**members: str | bytes) -> io.BytesIO:
    """Return a ZIP; `__` in a name stands for a folder, `_` for the dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    file.seek(0)
    return file


def test_json_is_read_as_it_is() -> None:
    assert load(io.BytesIO('\ufeff[{"ä": 1}]'.encode()), "x.json") == [{"ä": 1}]


def test_a_zip_gives_its_conversations_whatever_else_is_in_it() -> None:
    file = packed(user_json="{}", chat_html="<p>", export__conversations_json='[{"mapping": 1}]')
    assert load(file, "x.zip") == [{"mapping": 1}]


def test_conversations_in_several_parts_are_put_together() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("conversations-001.json", "[2]")
        archive.writestr("conversations-000.json", "[1]")
    file.seek(0)
    assert load(file, "x.zip") == [1, 2]


def test_the_only_json_file_of_a_zip_is_taken() -> None:
    file = packed(memory_json='{"a": 1}', readme_md="x")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("__MACOSX/._memory.json", "not ours")
    file.seek(0)
    assert load(file, "x.zip") == {"a": 1}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("[]".encode("utf-16"), "not UTF-8"),
        (b"{", "not JSON: .* in line 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"x": ' * 100_000, "nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "a number that is far too long"),
        (b"[NaN]", "holds NaN"),
        (b"PK\x03\x04 and then nothing", "cannot be unpacked"),
        (b"PK\x05\x06" + b"\0" * 18, "neither a conversations.json nor"),
        (packed(a_json="1", b_json="2").getvalue(), "neither a conversations.json nor"),
        (packed(conversations_json="[1").getvalue(), "conversations.json is not JSON"),
        (packed(conversations_json="[1]" * 20).getvalue()[:60], "cannot be unpacked"),
    ],
    # A packed file holds the time of day.
    ids=range(14),
)
def test_a_fault_is_told_in_a_sentence(data: bytes, fault: str) -> None:
    with pytest.raises(ImportFault, match=fault):
        load(io.BytesIO(data), "x.json")


def test_a_damaged_member_is_no_error_of_ours() -> None:
    data = bytearray(packed(conversations_json=json.dumps(list(range(1000)))).getvalue())
    data[80:120] = b"\xff" * 40
    with pytest.raises(ImportFault, match="cannot be unpacked"):
        load(io.BytesIO(bytes(data)), "x.zip")


def test_a_zip_with_a_password_says_so() -> None:
    data = bytearray(packed(conversations_json="[]").getvalue())
    # The flag of encryption, in the local header and in the directory.
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ImportFault, match="with a password"):
        load(io.BytesIO(bytes(data)), "x.zip")


def test_a_bomb_is_refused_by_what_comes_out_of_it(settings: Settings) -> None:
    settings.MEMORYOS_IMPORT_MAX_MB = 1
    bomb = bytearray(packed(conversations_json=b" " * 5_000_000).getvalue())
    assert len(bomb) < 10_000
    with pytest.raises(ImportTooBig, match="more than 1 MB, which is the most"):
        load(io.BytesIO(bytes(bomb)), "x.zip")
    # The directory says that it holds next to nothing.
    at = bomb.index(b"PK\x01\x02") + 24
    bomb[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(ImportFault):
        load(io.BytesIO(bytes(bomb)), "x.zip")


def test_parts_count_together(settings: Settings) -> None:
    settings.MEMORYOS_IMPORT_MAX_MB = 1
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2):
            archive.writestr(f"conversations-{number}.json", json.dumps(["x" * 600_000]))
    file.seek(0)
    with pytest.raises(ImportTooBig):
        load(file, "x.zip")
