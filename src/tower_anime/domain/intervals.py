"""How sure a share or a mean is."""

from __future__ import annotations

import math
from statistics import NormalDist

Z95 = 1.959964  # the normal quantile of a two-sided 95 % interval


def wilson(hits: float, number: float) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927); `number` at least 1."""
    share, z2 = hits / number, Z95 * Z95
    middle = (share + z2 / (2 * number)) / (1 + z2 / number)
    reach = Z95 / (1 + z2 / number) * math.sqrt(share * (1 - share) / number + z2 / (4 * number**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def mean_interval(number: float, total: float, squares: float) -> tuple[float, float] | None:
    """Return the 95 % interval of a mean from the sums of values and squares; None below two."""
    if number < 2:
        return None
    mean = total / number
    variance = max(0.0, (squares - number * mean * mean) / (number - 1))
    reach = student(0.975, number - 1) * math.sqrt(variance / number)
    return mean - reach, mean + reach


def student(probability: float, freedom: float) -> float:
    """Return a quantile of Student's t (Hill 1970, algorithm 396), for `probability` above 0.5.

    Good to a few units of the fifth digit from 2 degrees of freedom on; exact for 1.
    """
    if freedom < 1.5:
        return math.tan(math.pi * (probability - 0.5))
    two_sided = 2.0 * (1.0 - probability)
    if freedom < 2.5:
        return math.sqrt(2.0 / (two_sided * (2.0 - two_sided)) - 2.0)
    a = 1.0 / (freedom - 0.5)
    b = 48.0 / (a * a)
    c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36
    d = ((94.5 / (b + c) - 3.0) / b + 1.0) * math.sqrt(a * math.pi / 2.0) * freedom
    y = (d * two_sided) ** (2.0 / freedom)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(1.0 - two_sided / 2.0)
        y = x * x
        if freedom < 5:
            c += 0.3 * (freedom - 4.5) * (x + 0.6)
        c += (((0.05 * d * -x - 5.0) * -x - 7.0) * -x - 2.0) * -x + b
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x
        y = math.expm1(a * y * y)
    else:
        y = (
            (
                1.0
                / (((freedom + 6.0) / (freedom * y) - 0.089 * d - 0.822) * (freedom + 2.0) * 3.0)
                + 0.5 / (freedom + 4.0)
            )
            * y
            - 1.0
        ) * (freedom + 1.0) / (freedom + 2.0) + 1.0 / y
    return math.sqrt(freedom * y)
