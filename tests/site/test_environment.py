import pytest

from memoryos_site.environment import InvalidSettingError, host_names


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("", ()),
        (" , ", ()),
        ("images.example.org", ("images.example.org",)),
        ("Images.Example.org,\t*.example.net ,", ("images.example.org", "*.example.net")),
        ("intranet,10.0.0.7,xn--bcher-kva.example", ("intranet", "10.0.0.7", "xn--bcher-kva.example")),
    ],
)
def test_host_names_are_read(monkeypatch: pytest.MonkeyPatch, value: str, hosts: tuple[str, ...]) -> None:
    monkeypatch.setenv("CHAT_IMAGE_HOSTS", value)
    assert host_names("CHAT_IMAGE_HOSTS") == hosts


@pytest.mark.parametrize(
    "value",
    [
        "https://example.org",
        "example.org/pictures",
        "example.org:8443",
        "example.org example.net",
        "*",
        "*.org",
        "*.*.example.org",
        "images.*.org",
        "'unsafe-inline'",
        "data:",
        "example.org; script-src *",
        "-a.example",
        "bücher.example",
        "a." * 200 + "example",
    ],
)
def test_what_is_no_host_name_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CHAT_IMAGE_HOSTS", f"example.org,{value}")
    with pytest.raises(InvalidSettingError, match=r"CHAT_IMAGE_HOSTS must be host names .*, not ['\"]"):
        host_names("CHAT_IMAGE_HOSTS")
