"""What surrounds the product: the installer and the settings that Docker Compose gives."""

import os
import runpy
import subprocess
import sys

import pytest
import yaml

from tests.serving import ROOT

INSTALLER = ROOT / ".ci" / "install.py"


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0), (4, 0, 0)])
def test_python_without_compiled_libraries_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)

    with pytest.raises(SystemExit) as refused:
        runpy.run_path(str(INSTALLER))

    assert str(refused.value) == (
        f"MemoryOS needs Python 3.11 to 3.13, and this is {sys.version.split()[0]}: install one of those, or name one "
        "with `make ... PYTHON=/path/to/python3.13`."
    )


@pytest.mark.parametrize(
    ("variables", "public_url"),
    [
        ({}, "http://localhost:8000"),
        ({"PORT": "9000"}, "http://localhost:9000"),
        ({"PORT": "9000", "PUBLIC_URL": "https://memory.example.org"}, "https://memory.example.org"),
    ],
)
def test_compose_tells_the_address_it_publishes(variables: dict[str, str], public_url: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for service in ("web", "worker"):
        value = compose["services"][service]["environment"]["PUBLIC_URL"]

        # Compose fills in variables as the shell does.
        ended = subprocess.run(
            ["sh", "-c", f'printf %s "{value}"'],
            env={"PATH": os.defpath, **variables},
            capture_output=True,
            text=True,
            check=True,
        )

        assert ended.stdout == public_url
