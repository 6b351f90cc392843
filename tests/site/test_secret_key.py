"""The generated secret key: private, stable, the same for all."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memoryos_site.environment import InvalidSettingError
from memoryos_site.secret_key import load_secret_key


def test_secret_key_is_private_and_stays(tmp_path: Path) -> None:
    key = load_secret_key(tmp_path / "var")

    assert len(key) >= 50
    assert load_secret_key(tmp_path / "var") == key
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_secret_key_is_the_same_for_all_who_start_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(load_secret_key, [tmp_path] * 8))

    assert len(keys) == 1


def test_damaged_secret_key_is_reported(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")

    with pytest.raises(InvalidSettingError, match=r"is damaged: delete that file"):
        load_secret_key(tmp_path)
