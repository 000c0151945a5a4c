"""Home Assistant as a device that the owner trusts with the remote lock of a vehicle (kamereon-eu §11.1 [B])."""

from ...vehicle import WrongCode
from ..base import Json
from .answer import AlreadyThere, InvalidValue
from .client import Client
from .environment import Host, segment

_MODEL = "Home Assistant"
"""What the owner sees in the app's list of devices."""


class TrustedDevice:
    """One device of one account. ``device_id`` is 8-64 of letters, digits, dots, underscores and hyphens."""

    def __init__(self, client: Client, device_id: str) -> None:
        """Name the device."""
        self._client = client
        self._id = device_id

    async def send_code(self, user_id: str, vin: str) -> None:
        """Have a one-time code of six digits e-mailed to the owner."""
        await self._post("GenerateDeviceOtp", "generate-device-otp", user_id, vin)

    async def register(self, user_id: str, vin: str, code: str) -> None:
        """Register the device with the e-mailed code. One that is registered already is fine.

        Raises:
            WrongCode: The code is wrong or too old.
        """
        try:
            await self._post("RegisterDevice", "register-device", user_id, vin, otp=code, modelName=_MODEL)
        except AlreadyThere:
            return
        except InvalidValue:
            raise WrongCode from None

    async def is_registered(self, user_id: str, vin: str) -> bool:
        """Ask whether the vehicle still trusts the device; the owner can end that in the app."""
        path = f"{_vehicle_of(user_id, vin)}/devices/{segment(self._id)}/registration-status"
        return await self._client.exists(Host.BFF, path, "registration status")

    async def remove(self, vin: str) -> None:
        """End it. A device that is not there is fine."""
        path = f"v1/vehicles/{segment(vin)}/devices/{segment(self._id)}"
        await self._client.delete(Host.BFF, path, "removal of the device")

    async def _post(self, kind: str, name: str, user_id: str, vin: str, **attributes: str) -> None:
        body: Json = {"data": {"type": kind, "attributes": {"deviceId": self._id, **attributes}}}
        await self._client.post(Host.BFF, f"{_vehicle_of(user_id, vin)}/{name}", name, body)


def _vehicle_of(user_id: str, vin: str) -> str:
    return f"v1/users/{segment(user_id)}/vehicles/{segment(vin)}"
