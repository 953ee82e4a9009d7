"""Both implementations of the kernel, for the tests that ask for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernels import IMPLEMENTATIONS, forced


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kernel that does the work in every test of the module: once the pure twin, once the C one."""
    with forced(request.param):
        yield request.param
