"""Who may have a vehicle do or tell something by what is no entity's action."""

from collections.abc import Iterable

from homeassistant.auth.permissions.const import CAT_ENTITIES
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


async def async_check_permission(
    hass: HomeAssistant, context: Context | None, devices: Iterable[str], policy: str
) -> None:
    """Raise :class:`Unauthorized` unless whoever is behind ``context`` has ``policy`` for all that ``devices`` have.

    As for the actions of entities that are targeted by their device, it takes every entity of ours, and who is nobody
    in particular, like an automation, may do everything.
    """
    if context is None or not context.user_id:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is None:
        raise UnknownUser(context=context, permission=policy, perm_category=CAT_ENTITIES)
    if user.is_admin:
        return
    registry = er.async_get(hass)
    for device in devices:
        entities = er.async_entries_for_device(registry, device, include_disabled_entities=True)
        ours = [entity.entity_id for entity in entities if entity.platform == DOMAIN]
        if not ours or not all(user.permissions.check_entity(entity, policy) for entity in ours):
            raise Unauthorized(context=context, permission=policy, perm_category=CAT_ENTITIES)
