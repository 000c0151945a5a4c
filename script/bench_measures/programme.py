"""The cheapest times to be on by a mixed-integer programme, which HiGHS solves: what the planner is compared with."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


def least_cost(prices: Sequence[float], steps: float, starts: int | None, shortest: int) -> float:
    """Return the least cost of so many ``steps``: the sum of the prices of those that are used, each times its share.

    There are at most so many ``starts`` if they are limited, and no block is shorter than the ``shortest``, in steps.
    The variables are how much of each step is used, whether it is on, and whether a block begins with all of it or with
    a part. In a best plan a step is cut at one end of a block only, so the shortest block has whole steps.
    """
    count = len(prices)
    share, on, full, part = np.split(np.eye(4 * count), 4)
    begins = full + part
    rows = [
        LinearConstraint(share.sum(axis=0), steps, steps),
        LinearConstraint(on - share, 0, np.inf),
        LinearConstraint(begins[0] - on[0], 0, np.inf),
        LinearConstraint(begins[1:] - on[1:] + on[:-1], 0, np.inf),
        # Only the edge of a block may be cut. The next may begin in the same step or in the one after it.
        LinearConstraint(share[1:-1] - on[:-2] - on[1:-1] - on[2:] + begins[1:-1] + begins[2:], -2, np.inf),
    ]
    if starts is not None:
        rows.append(LinearConstraint(begins.sum(axis=0), 0, starts))
    for first, kind in ((0, full), (1, part)) if shortest > 1 else ():
        for ahead in range(first, first + shortest):
            rows.append(LinearConstraint(share[ahead:] - kind[: count - ahead], 0, np.inf))
            rows.append(LinearConstraint(kind[count - ahead :], 0, 0))
    whole = np.concatenate([np.zeros(count), np.ones(3 * count)])
    costs = np.concatenate([np.array(prices), np.zeros(3 * count)])
    found = milp(costs, constraints=rows, integrality=whole, bounds=Bounds(0, 1), options={"mip_rel_gap": 0})
    if not found.success:
        raise ValueError(found.message)
    return float(found.fun)
