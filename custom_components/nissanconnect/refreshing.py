"""What the owner's refresh leaves out, renewed while the vehicle is awake for it."""

from collections.abc import Iterator

from .engine.command_job import Job
from .links import VehicleLinks
from .vehicle import CommandOutcome, CommandStatus, Refresh


def left_out(job: Job, outcome: CommandOutcome, links: VehicleLinks) -> Iterator[Refresh]:
    """Yield the refreshes of the parts that the widest one leaves out, if that is what somebody has asked for.

    Regular wakes stay single.
    """
    if job.command != Refresh() or not job.asked_by.waits or outcome.status is not CommandStatus.CONFIRMED:
        return
    link = links.named(job.ticket.via if job.ticket else None)
    known = link.word.state.groups()
    for group in link.account.backend.description.refreshes if link.account else ():
        reported_at = known[group].reported_at if group in known else None
        renewed = reported_at is not None and job.sent_at is not None and reported_at >= job.sent_at
        if link.offers(Refresh(group).needs) and not renewed:
            yield Refresh(group)
