"""Vehicle states for property tests."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from custom_components.nissanconnect.vehicle import (
    Battery,
    Body,
    Charging,
    ChargingStatus,
    Climate,
    Odometer,
    Position,
    Privacy,
    VehicleState,
)

EPOCH = datetime(2026, 11, 20, tzinfo=UTC)

# Few distinct times and values, so that ties and repetitions are common, and so are times some minutes apart.
times = st.builds(
    lambda hours, minutes: EPOCH + timedelta(hours=hours, minutes=minutes),
    st.integers(0, 2) | st.integers(0, 200),
    st.sampled_from([0, 5, 14, 15, 16, 40]),
)
told = {"backend": st.sampled_from(["one", "two"]), "received_at": times, "reported_at": st.none() | times}
small = st.none() | st.integers(0, 3).map(float)

states = st.builds(
    VehicleState,
    battery=st.none() | st.builds(Battery, level=small, range=small, **told),
    charging=st.none()
    | st.builds(
        Charging, plugged_in=st.none() | st.booleans(), status=st.none() | st.sampled_from(ChargingStatus), **told
    ),
    climate=st.none() | st.builds(Climate, running=st.none() | st.booleans(), inside_temperature=small, **told),
    body=st.none() | st.builds(Body, locked=st.none() | st.booleans(), **told),
    position=st.none() | st.builds(Position, latitude=st.sampled_from([1.0, 2.0]), longitude=st.just(3.0), **told),
    odometer=st.none() | st.builds(Odometer, distance=small, **told),
    privacy=st.none() | st.builds(Privacy, active=st.none() | st.booleans(), **told),
)
