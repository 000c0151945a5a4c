"""What script/browser looks at: the dashboard as its owner meets it, in sizes, colours and languages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
import re

from playwright.async_api import Browser, Page, TimeoutError as Late, expect

from script.demo_home.console import Console, DemoError
from script.demo_home.running import Home
from script.demo_home.waiting import until

from .chromium import Look, Tab, tab

DASHBOARD = "dashboard-nissan"
"""The address of the dashboard that the dialog makes."""

LOOKS = (
    Look(name="desktop, light", width=1280, height=900),
    Look(name="desktop, dark", width=1280, height=900, dark=True),
    Look(name="tablet, light", width=820, height=1180),
    Look(name="phone, light", width=390, height=844),
    Look(name="phone, dark", width=390, height=844, dark=True),
    Look(name="phone, German", width=390, height=844, language="de"),
    Look(name="desktop, right to left", width=1280, height=900, language="ar"),
)

_NOT_OURS = re.compile(
    r"Failed to load resource|manifest\.json|favicon|service.?worker|webrtc|net::ERR_|openstreetmap|basemaps",
    re.IGNORECASE,
)
"""Errors of the console that come from a home without the internet: no tiles of maps."""

_OVERFLOW = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is looked at, and where pictures of it go."""

    home: Home
    browser: Browser
    pictures: Path


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold. ``look`` tells what it has seen, or raises :class:`DemoError` with the reason."""

    name: str
    look: Callable[[Scene], Awaitable[str]]


async def _three_clicks(scene: Scene) -> str:
    """Make the dashboard as a new user does: *Add dashboard*, *Nissan*, *Create*."""
    async with tab(scene.browser, scene.home.api, LOOKS[0]) as opened:
        page = opened.page
        await page.goto(f"{scene.home.api.url}/config/lovelace/dashboards")
        await page.get_by_role("button", name="Add dashboard").click()
        await page.get_by_text("All your Nissans", exact=False).first.click()
        await page.screenshot(path=scene.pictures / "dialog.png")
        await page.get_by_role("button", name="Create", exact=True).click()
        await _has_dashboard(scene)
        _no_errors(opened, "the dialog")
    return f"the dashboard {DASHBOARD}"


async def _has_dashboard(scene: Scene) -> None:
    async def made() -> bool | None:
        known = await scene.home.api.command("lovelace/dashboards/list")
        return any(each["url_path"] == DASHBOARD for each in known) or None

    await until(made, f"the dashboard {DASHBOARD}", seconds=20)


async def _shows_vehicles(scene: Scene) -> str:
    names = [vehicle.name for vehicle in scene.home.vehicles]
    for look in LOOKS:
        async with tab(scene.browser, scene.home.api, look) as opened:
            page = opened.page
            await page.goto(f"{scene.home.api.url}/{DASHBOARD}")
            for name in names:
                await expect(page.get_by_text(name).first).to_be_visible(timeout=30_000)
            await page.screenshot(path=scene.pictures / f"overview-{_file(look)}.png", full_page=True)
            _no_errors(opened, look.name)
            await _fits(page, look)
    return f"{', '.join(names)}: {'; '.join(look.name for look in LOOKS)}"


async def _fits(page: Page, look: Look) -> None:
    if (beyond := await page.evaluate(_OVERFLOW)) > 0:
        raise DemoError(f"{look.name}: the page is {beyond} px wider than the window")


def _no_errors(opened: Tab, where: str) -> None:
    if errors := [error for error in opened.errors if not _NOT_OURS.search(error)]:
        raise DemoError(f"{where}: the console says {'; '.join(errors[:3])}")


def _file(look: Look) -> str:
    return re.sub(r"\W+", "-", look.name.lower())


CHECKS = (
    Check("Three clicks", _three_clicks),
    Check("Overview", _shows_vehicles),
)


async def passes(scene: Scene, console: Console) -> bool:
    """Go through all checks, on after a failure too; print how each ends and return whether all hold."""
    all_hold = True
    for check in CHECKS:
        try:
            console.step(f"{check.name}: {await check.look(scene)}")
        except (DemoError, Late, AssertionError) as reason:
            console.step(f"FAILED: {check.name}: {str(reason).splitlines()[0] if str(reason) else reason!r}")
            all_hold = False
    return all_hold
