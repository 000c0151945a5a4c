"""Everything that the simulated service knows: accounts, vehicles, tokens, and how the next log-in will end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from random import Random

from custom_components.nissanconnect.backends.base import Json

from .account import EMAIL, PASSWORD, Account, Car, car_of
from .cars.garage import Garage
from .cars.vehicle import SimulatedVehicle
from .garages import garage_at
from .pins import RemoteLocks
from .tokens import Tokens

type Clock = Callable[[], datetime]


class Login(StrEnum):
    """How log-ins end (kamereon-eu §4.4). A wrong password is always refused, whatever this says."""

    SUCCESS = "success"
    WRONG_PASSWORD = "wrong_password"
    ACCESS_DENIED = "access_denied"
    TERMS_PENDING = "terms_pending"
    EMAIL_UNCONFIRMED = "email_unconfirmed"
    WRONG_STATE = "wrong_state"
    FOREIGN_LOGIN_PAGE = "foreign_login_page"
    """The first redirect leads to another host."""
    FOREIGN_FORM = "foreign_form"
    """The form asks for the password to be sent to another host."""
    FOREIGN_REDIRECT = "foreign_redirect"
    """The password is accepted, then asked for again by another host (307, which repeats the form)."""
    OUTAGE = "outage"
    GEO_BLOCKED = "geo_blocked"


class World:
    """The state of the service, open to tests. ``now`` is the clock of its vehicles.

    One account exists from the start, with every vehicle of the garage.

    Attributes:
        service_now: The clock by which tokens and codes expire: that of the vehicles, unless those live by another.
        login: How log-ins end.
        lock_after: After how many wrong passwords in a row an account is locked.
        sign_on_lasts: How long a browser that has logged in once is let through without a form.
        region_code: What the log-in form carries; ``None`` lets chance decide between those that were seen.
        elsewhere: Where unsafe redirects and forms lead.
        requests: Requests by endpoint name (``cars``, ``battery-status``, ``battery-status/v1``, ``actions``, …), and
            as ``login`` how often a password was submitted, as ``wakes`` how many actions were accepted.
        password_posts: By ``Host`` header, the requests that carried a password of any account.
        remote_locks: The remote locks of all accounts and vehicles, and the codes that were e-mailed for them.
        indexed_after: How long the status of an action is 404.
        most_connections: How many connections were open at once.
        stopping: Set when requests that hang must end. No time-out would do it: a test's clock may stand still.
    """

    def __init__(
        self,
        *,
        garage: Garage | None = None,
        now: Clock | None = None,
        service_now: Clock | None = None,
        seed: int = 0,
        zone: tzinfo = UTC,
        user_id: str = "5d2c1f0e-9b1d-4c53-8d34-2b1f3a6c7e01",
    ) -> None:
        """Build the service; ``user_id`` is digits on old accounts, a UUID on new ones (kamereon-eu §6.1)."""
        self.now = now or _system_time
        self.service_now = service_now or self.now
        self.rng = Random(f"simulator {seed}")
        self.garage = garage or garage_at(self.now(), seed=seed, zone=zone)
        self.cars = {key: car_of(vehicle) for key, vehicle in self.garage.vehicles.items()}
        self.accounts: dict[str, Account] = {}
        self.account = self.add_account(EMAIL, PASSWORD, user_id=user_id)
        self.tokens = Tokens(self.secret)
        self.remote_locks = RemoteLocks()
        self.action_types: dict[str, str] = {}
        self.action_results: dict[str, Json] = {}
        self.login = Login.SUCCESS
        self.lock_after: int | None = 5
        self.sign_on_lasts = timedelta(hours=8)
        self.region_code: str | None = None
        self.elsewhere = ""
        self.requests: Counter[str] = Counter()
        self.password_posts: Counter[str] = Counter()
        self.indexed_after = timedelta(seconds=1)
        self.most_connections = 0
        self.stopping = asyncio.Event()

    def secret(self) -> str:
        """Return something that nobody can guess, the same in every run."""
        return f"{self.rng.getrandbits(160):040x}"

    def add_account(self, email: str, password: str, *, user_id: str, vins: Collection[str] | None = None) -> Account:
        """Add an account; without ``vins`` it has every vehicle."""
        chosen = set(self.cars if vins is None else vins)
        account = Account(email=email, password=password, user_id=user_id, vins=chosen)
        self.accounts[email] = account
        return account

    def add_vehicle(self, vehicle: SimulatedVehicle) -> Car:
        """Add a vehicle to the service and to the first account."""
        car = car_of(vehicle)
        self.cars[car.vin] = car
        self.account.vins.add(car.vin)
        return car

    def car(self, model: str) -> Car:
        """Return the first vehicle of a model as the service sees it, brought up to date."""
        self.advance()
        return next(car for car in self.cars.values() if car.vehicle.info.model == model)

    def vehicle(self, model: str) -> SimulatedVehicle:
        """Return the first vehicle of a model itself, brought up to date."""
        return self.car(model).vehicle

    def advance(self) -> None:
        """Let the vehicles catch up with the clock."""
        now = self.now()
        for car in self.cars.values():
            car.vehicle.advance(now)

    @property
    def total(self) -> int:
        """All requests, each once."""
        return sum(count for name, count in self.requests.items() if name not in _NO_ENDPOINTS and "/" not in name)

    def reset_counters(self) -> None:
        """Count from zero again."""
        self.requests.clear()
        self.password_posts.clear()


_NO_ENDPOINTS = {"login", "wakes"}
"""What is counted besides requests."""


def _system_time() -> datetime:
    return datetime.now(UTC)
