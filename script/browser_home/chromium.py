"""Debian's Chromium, driven by Playwright, logged in to a Home Assistant of ours."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright

from script.demo_home.client import HomeAssistant
from script.demo_home.seed import CHECKOUT

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_UNPACKED = CHECKOUT / ".tools" / "chromium" / "bin"
_ARGUMENTS = ("--no-sandbox", "--force-color-profile=srgb", "--font-render-hinting=none")

MISSING = "no Chromium: install it (Debian: apt install chromium)"


def program() -> Path | None:
    """Return where Chromium is, if it is anywhere."""
    found = (shutil.which(name) for name in _NAMES)
    return next((Path(each) for each in (*found, shutil.which("chromium", path=str(_UNPACKED))) if each), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How somebody looks at a page: how large, light or dark, in which language and direction."""

    name: str
    width: int = 1280
    height: int = 900
    dark: bool = False
    language: str = "en"
    reduced_motion: bool = True


@dataclass
class Tab:
    """A page that is open, with what it has complained of."""

    page: Page
    errors: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep an error of the console."""
        if message.type == "error":
            self.errors.append(message.text)


@asynccontextmanager
async def chromium(path: Path) -> AsyncGenerator[Browser]:
    """Run the browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tab(browser: Browser, api: HomeAssistant, look: Look) -> AsyncGenerator[Tab]:
    """Open a page that is logged in."""
    context = await browser.new_context(
        viewport=ViewportSize(width=look.width, height=look.height),
        color_scheme="dark" if look.dark else "light",
        locale=look.language,
        reduced_motion="reduce" if look.reduced_motion else "no-preference",
    )
    try:
        await context.add_init_script(_logged_in(api.tokens, look))
        page = await context.new_page()
        opened = Tab(page)
        page.on("console", opened.hear)
        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        yield opened
    finally:
        await context.close()


def _logged_in(tokens: dict[str, Any], look: Look) -> str:
    """Return what the log-in page leaves behind, and the language and theme that the user has chosen."""
    stored = {
        "hassTokens": json.dumps(tokens),
        "selectedLanguage": json.dumps(look.language),
        "selectedTheme": json.dumps({"dark": look.dark}),
    }
    return f"for (const [key, value] of Object.entries({json.dumps(stored)})) localStorage.setItem(key, value);"
