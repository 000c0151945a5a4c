"""One case for each backend that has to keep the laws of ``test_contract.py`` and ``test_any_response.py``.

A new backend needs a file here with a subclass of :class:`~.base.Case`, and its name in :data:`CASES`. Fill in:

* ``name`` and ``create``: the ``create`` function of the backend's package;
* ``open``: start the stand-in of the service (``tests/simulator/<name>``) with ``self.clock``, and set ``fields`` to
  what an owner enters;
* ``public``: the names of the fields that are no secret; ``forgotten``: of those that no restart keeps;
* ``arrived``: how many commands have reached the stand-in, and ``command``: one that its first vehicle takes;
* ``reject``: let the service refuse what was entered from now on;
* ``expire``: end the tokens that were issued, but not what renews them;
* ``documents``: typical responses of the service, whose values are then replaced by nonsense. For these tests, which
  need no stand-in: ``info``, a vehicle, ``offline_fields``, and ``logged_in``, what ``save_auth`` is given after a
  log-in.

What a source does not have stays as it is in the base class; the laws about it then leave this backend out. A backend
that sends HTTP requests sends them through the session it is given, where the laws record them and make them fail, so
they need nothing else of it. For one that sends none ``http`` is false; if its vehicles report by themselves ``report``
has them do so. ``teslafi.py`` is the smallest case with all of it.
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
