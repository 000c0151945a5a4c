"""What several failures say together."""

from hypothesis import given, strategies as st

from custom_components.nissanconnect.backends.learned import summary
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    BackendError,
    Declined,
    NoConnection,
    NotSupported,
    ProtocolError,
    RateLimited,
    ServiceOutage,
    TokenRejected,
    Unavailable,
)

REFUSALS = (TokenRejected, AccessBlocked, RateLimited, NoConnection)
KINDS = (*REFUSALS, Unavailable, NotSupported, ProtocolError, Declined, BackendError)
errors = st.lists(
    st.builds(
        lambda kind, pause: kind("some part", retry_after=pause), st.sampled_from(KINDS), st.none() | st.floats(0, 9000)
    ),
    min_size=1,
    max_size=6,
)


@given(errors, st.booleans())
def test_a_refusal_is_never_told_as_an_outage_nor_an_outage_as_a_refusal(told: list[BackendError], works: bool) -> None:
    found = summary(told, log_in_works=works)
    demands = [error.retry_after for error in told if error.retry_after]
    kinds = {type(error) for error in told}
    faults = sum(type(error) is Unavailable for error in told)
    if kinds & set(REFUSALS):
        assert type(found) in kinds & set(REFUSALS)
    elif faults:
        assert type(found) is (ServiceOutage if faults > 1 and works else Unavailable)
    else:
        assert type(found) in kinds
    assert found.retry_after == max(demands, default=None)


def test_every_kind_of_failure_can_be_summed_up() -> None:
    assert type(summary([NotSupported("a part")])) is NotSupported
    assert summary([NotSupported("a"), NotSupported("b", retry_after=7)]).retry_after == 7
