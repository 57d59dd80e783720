"""A site of each test's own."""

from pathlib import Path

import pytest

from avel.pipeline.server.site import Site
from tests.pipeline.server.material import make_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)
