"""Whatever a provider does, in whatever order: the books are its balance to the cent, and nothing is paid twice.

`make test` walks a few; `make test-walks` walks 10,000 (WALKS says how many, in parts that run beside each other).
"""

import os

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.payments.conftest import MovableClock, emptying
from tests.payments.servers import ScriptedServer
from tests.payments.teller import MOODS, Teller
from tests.payments.walks import STEPS, walk

WALKS = int(os.environ.get("WALKS", "40"))
PARTS = 1 if WALKS <= 500 else WALKS // 100

STEP = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, 10_000),
    st.one_of(st.just([]), st.lists(st.sampled_from(MOODS), min_size=1, max_size=3)),
)


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_walk_parts_the_books_from_the_money(
    provider_server: ScriptedServer, committing: str, web: FlaskClient, movable_clock: MovableClock, part: int
) -> None:
    @seed(int(os.environ.get("WALKS_SEED", "2026")) + part)
    @settings(
        max_examples=WALKS // PARTS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if PARTS == 1 else (Phase.generate,),
    )
    @given(steps=st.lists(STEP, min_size=6, max_size=16))
    def every_walk_ends_whole(steps: list[tuple[str, int, list[str]]]) -> None:
        empty()  # What an earlier walk has left would be worked on in this one.
        walk(steps, Teller(provider_server), web, movable_clock)

    with emptying(committing) as empty:
        every_walk_ends_whole()
