"""JSON of any shape, as hypothesis makes it up."""

from hypothesis import strategies as st

from custom_components.nissanconnect.backends.base import Json

SCALARS: st.SearchStrategy[Json] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["1", "-1.0", "nan", "Infinity", "1e999", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"]
    )
)
NAMES = st.sampled_from(["data", "attributes", "errors", "id"]) | st.text(max_size=8)
JSON: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
