"""One case for each backend that has to keep the laws of ``test_contract.py``.

A new backend needs a file here with a subclass of :class:`~.base.Case`, and its name in :data:`CASES`. Fill in:

* ``name`` and ``create``: the ``create`` function of the backend's package;
* ``open``: start the stand-in of the service (``tests/simulator/<name>``), and set ``fields`` to what an owner enters;
* ``public``: the names of the fields that are no secret; ``forgotten``: of those that no restart keeps;
* ``arrived``: how many commands have reached the stand-in, and ``command``: one that its first vehicle takes;
* ``reject``: let the service refuse what was entered from now on;
* ``expire``: end the tokens that were issued, but not what renews them;
* ``documents``: typical responses of the service, whose values are then replaced by nonsense, and for these tests
  without a stand-in ``offline_fields``, ``logged_in`` (what ``save_auth`` was given after a log-in) and ``info``.

What a source does not have stays as it is in the base class; the laws about it then leave this backend out. A backend
that sends HTTP requests sends them through the session it is given, so the laws need nothing else of it.
"""

from .base import Case
from .demo import Demo
from .kamereon import Europe, Japan
from .leafspy import LeafSpy
from .mynissan import NorthAmerica
from .opencarwings import OpenCarwingsKey, OpenCarwingsPassword
from .ovms import Ovms
from .teslafi import TeslaFiFeed

__all__ = ["CASES", "Case"]

CASES: tuple[type[Case], ...] = (
    Demo,
    Europe,
    Japan,
    LeafSpy,
    NorthAmerica,
    OpenCarwingsKey,
    OpenCarwingsPassword,
    Ovms,
    TeslaFiFeed,
)
