"""What the pages between log-in and app are about."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.kamereon.oneid import asks_to_confirm_email


@pytest.mark.parametrize(
    ("page", "asks"),
    [
        ("<h1>Please verify your e-mail address</h1>", True),
        ("<h1>Almost there</h1><p>Your <b>Email</b> has not been\n confirmed yet.</p>", True),
        ("<p>Activate your account with the link in our e-mail.</p>", True),
        ("<h1>Our terms have changed</h1>", False),
        ("<p>Confirm your e-mail settings and accept the new privacy policy.</p>", False),
        ("<p>Please confirm.</p><p>Questions? Write an e-mail.</p>", False),
        ("<script>verify('email')</script><p>Maintenance</p>", False),
        ("<style>.verify-email {}</style><h1>Hello</h1>", False),
        ("", False),
    ],
)
def test_words_tell_what_it_is_about(page: str, asks: bool) -> None:
    assert asks_to_confirm_email(page) is asks


@given(
    st.text()
    | st.lists(st.sampled_from(["<", ">", "<!--", "<script", "</", "verify", " e-mail", "&#", "<![CDATA["])).map(
        "".join
    )
)
def test_any_page_is_read(page: str) -> None:
    assert asks_to_confirm_email(page) in (True, False)
