"""The pages of the log-in, for people: forms among forms, written as carelessly as the real ones."""

from html import escape
from string import Template

_LOGIN = Template("""<!DOCTYPE html>
<html><head><title>Sign in</title></head><body>
<form id="language" action="../authenticationendpoint/login.do" method="get">
  <select name="locale"><option value="en_GB" selected>English</option><option>Nederlands</option></select>
  <input type="hidden" name="sessionDataKey" value="$key">
</form>
$notice
<FORM class='login' method='post' action="$action" id="loginForm">
  <input type="hidden" name="regionCode" id="regionCode" value="$region"/>
  <input id='username' name='username' type='hidden' value=''>
  <div><label for="userName">E-mail &amp; account</label>
  <input type="text" tabindex="1" id="userName" name="userName" required autocomplete="username"></div>
  <INPUT TYPE="password" NAME="password" AUTOCOMPLETE="off" />
  <input type="hidden" name="tocommonauth" value="true">
  <input value="$key" name="sessionDataKey" type="hidden" />
  <button type="submit">Sign in</button>
</FORM>
<form id="change" action="../accounts/password" method="post">
  <input type="password" name="password"><input type="password" name="repeated">
</form>
<form id="recover" action="../accountrecoveryendpoint/recover.do" method="post">
  <input type="hidden" name="sessionDataKey" value="$key"><input type="text" name="username">
</form>
</body></html>""")

_PLAIN = Template("""<!DOCTYPE html>
<html><head><title>$title</title></head><body><h1>$title</h1>
<form action="#" method="post"><input type="hidden" name="sessionDataKey" value="0"><button>Continue</button></form>
</body></html>""")


def login_page(key: str, region: str, action: str, *, failed: bool) -> str:
    """Return the page with the log-in form: the one that has both ``sessionDataKey`` and ``password``."""
    notice = '<div class="error" role="alert">Your e-mail or password is incorrect.</div>' if failed else ""
    return _LOGIN.substitute(key=escape(key), region=escape(region), action=escape(action), notice=notice)


def plain_page(title: str) -> str:
    """Return a page on which somebody must do something else than log in."""
    return _PLAIN.substitute(title=escape(title))
