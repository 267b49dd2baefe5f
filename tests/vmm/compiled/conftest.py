"""What the tests of compiled monitors have in common."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make regions at once, unfold them soon, and keep compiled loops where this session has them."""
    where = tmp_path_factory.getbasetemp() / "native"
    monkeypatch.setattr("popek.engine.native.cache.directory", lambda: where)
    monkeypatch.setattr("popek.engine.native.regions.WORTH", 3)
    monkeypatch.setattr("popek.engine.native.tier.THRESHOLD", 5)


@pytest.fixture
def fresh() -> Iterator[None]:
    """Compile loops anew, and forget them afterwards."""
    from popek.vmm.compiled import tier  # noqa: PLC0415 - the compiler may not be installed

    tier._loop.cache_clear()
    yield
    tier._loop.cache_clear()
