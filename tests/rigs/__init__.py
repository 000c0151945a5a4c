"""One rig for each source: how it is started, broken and healed, whoever asks."""

from custom_components.nissanconnect.sources import Source

from .base import Place, Rig
from .demo import Demo
from .kamereon import Europe, Japan
from .leafspy import LeafSpy
from .north_america import NorthAmerica
from .opencarwings import OpenCarwingsRig
from .ovms import Ovms
from .teslafi import TeslaFiRig

RIGS: dict[Source, type[Rig]] = {
    rig.source: rig for rig in (Europe, NorthAmerica, Japan, OpenCarwingsRig, Ovms, LeafSpy, TeslaFiRig, Demo)
}

__all__ = ["RIGS", "Place", "Rig"]
