"""What tests of compiled code have in common."""

import pytest


@pytest.fixture
def unfolded(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make regions at once, unfolded, and keep compiled loops where this session has them."""
    from popek.engine.native import regions  # noqa: PLC0415 - the compiler may not be installed

    where = tmp_path_factory.getbasetemp() / "native"
    monkeypatch.setattr("popek.engine.native.cache.directory", lambda: where)
    monkeypatch.setattr(regions, "PLAIN", regions.UNFOLDED)
    monkeypatch.setattr("popek.engine.native.tier.THRESHOLD", 5)
