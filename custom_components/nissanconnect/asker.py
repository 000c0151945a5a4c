"""Who asked for something, by the name that people know."""

from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import Context, HomeAssistant

from .vehicle import Initiator

_RUNNERS = ("automation", "script")


async def async_asker(hass: HomeAssistant, context: Context | None) -> Initiator:
    """Find out who is behind a context.

    An automation or script runs its actions under the context that its own last change of state has; a person's
    context names the user.
    """
    if context is None:
        return Initiator(kind="home_assistant")
    for domain in _RUNNERS:
        for state in hass.states.async_all(domain):
            if state.context.id in (context.id, context.parent_id):
                return Initiator(kind=domain, name=state.attributes.get(ATTR_FRIENDLY_NAME, state.entity_id))
    if context.user_id and (user := await hass.auth.async_get_user(context.user_id)):
        return Initiator(kind="user", name=user.name)
    return Initiator(kind="home_assistant")
