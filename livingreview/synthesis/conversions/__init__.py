"""Means, standard deviations, standard errors and counts from what a report prints.

The functions take numbers or arrays and return a float for numbers, an array for arrays.
"""

from .counts import clopper_pearson, events_from_percentage, upper_bound_zero_events
from .groups import Group, change_sd, combine_groups
from .quantile_fit import QuantileFit, quantile_estimation
from .quantiles import (
    mean_from_five_numbers,
    mean_from_quartiles,
    mean_from_range,
    sd_from_five_numbers,
    sd_from_quartiles,
    sd_from_range,
    skewed_by_quartiles,
    skewed_by_range,
)
from .standard_errors import (
    sd_from_interval,
    sd_from_p_value,
    sd_from_se,
    sd_from_se_difference,
    sd_from_t,
    se_from_interval,
    se_from_p_value,
)

__all__ = [
    "Group",
    "QuantileFit",
    "change_sd",
    "clopper_pearson",
    "combine_groups",
    "events_from_percentage",
    "mean_from_five_numbers",
    "mean_from_quartiles",
    "mean_from_range",
    "quantile_estimation",
    "sd_from_five_numbers",
    "sd_from_interval",
    "sd_from_p_value",
    "sd_from_quartiles",
    "sd_from_range",
    "sd_from_se",
    "sd_from_se_difference",
    "sd_from_t",
    "se_from_interval",
    "se_from_p_value",
    "skewed_by_quartiles",
    "skewed_by_range",
    "upper_bound_zero_events",
]
