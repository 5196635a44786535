"""Whatever a provider does, in whatever order: the books are its balance to the cent, and nothing is paid twice.

`make test` walks a few hundred of these; `make test-deep` walks 10,000 (GROUPWALLET_WALKS says how many).
"""

import os

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments import providers
from tests.payments.conftest import MovableClock
from tests.payments.servers import ScriptedServer
from tests.payments.teller import MOODS, Teller
from tests.payments.walks import STEPS, walk

WALKS = int(os.environ.get("GROUPWALLET_WALKS", "150"))

STEP = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, 10_000),
    st.one_of(st.just([]), st.lists(st.sampled_from(MOODS), min_size=1, max_size=3)),
)


@pytest.mark.timeout(7_200)
def test_no_walk_parts_the_books_from_the_money(
    provider_server: ScriptedServer, web: FlaskClient, movable_clock: MovableClock
) -> None:
    assert providers.by_name("paystack").name == "paystack"

    @settings(
        max_examples=WALKS, deadline=None, database=None, derandomize=WALKS <= 200,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(steps=st.lists(STEP, min_size=4, max_size=14))
    def every_walk_ends_whole(steps: list[tuple[str, int, list[str]]]) -> None:
        walk(steps, Teller(provider_server), web, movable_clock)

    every_walk_ends_whole()
