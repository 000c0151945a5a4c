"""Finding the login form."""

from hypothesis import given, strategies as st

from custom_components.nissanconnect.backends.kamereon.oneid import login_form

from .fake import FORM_PAGE


def test_the_form_with_session_and_password_is_the_one() -> None:
    form = login_form(FORM_PAGE)
    assert form is not None
    assert form.action == "../commonauth"
    assert form.fields == {
        "regionCode": "NG",
        "username": "",
        "sessionDataKey": "session-1",
        "userName": "",
        "password": "",
    }


def test_only_what_a_browser_would_send_is_sent() -> None:
    form = login_form(
        """<input name=stray>
        <form>
        <INPUT NAME=sessionDataKey VALUE="a&amp;b"><input name=password type=PASSWORD><input value=nameless>
        <input type=checkbox name=remember value=yes><input type=checkbox name=terms checked>
        <input type=radio name=way value=1><input type=radio name=way value=2 checked>
        <input type=submit name=go value=go><input type=image name=picture>
        </form><input name=late>"""
    )
    assert form is not None
    assert form.fields == {"sessionDataKey": "a&b", "password": "", "terms": "", "way": "2"}
    assert form.action == ""


def test_one_of_the_two_inputs_is_not_enough() -> None:
    assert login_form("<form><input name=password></form><form><input name=sessionDataKey></form>") is None


@given(st.text(alphabet="<>/=\"!-&; 'formputae", max_size=200))
def test_no_page_is_too_odd(html: str) -> None:
    form = login_form(html + FORM_PAGE + html)
    assert form is None or "sessionDataKey" in form.fields
