import pytest

from memoryos_site.environment import InvalidSettingError, host_names, mail_server


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


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", {}),
        ("smtp://mail.example.org", {"HOST": "mail.example.org", "PORT": 25}),
        (
            "smtp+tls://me:p%40ss@mail.example.org",
            {"HOST": "mail.example.org", "PORT": 587, "HOST_USER": "me", "HOST_PASSWORD": "p@ss", "USE_TLS": True},
        ),
        ("smtp+ssl://mail.example.org:4650", {"HOST": "mail.example.org", "PORT": 4650, "USE_SSL": True}),
    ],
)
def test_a_mail_server_is_read(monkeypatch: pytest.MonkeyPatch, value: str, found: dict[str, object]) -> None:
    monkeypatch.setenv("EMAIL_URL", value)
    server = mail_server("EMAIL_URL")
    kept = {"HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL"}
    assert {name: server[f"EMAIL_{name}"] for name in kept if f"EMAIL_{name}" in server} == found
