"""The fault tests of the whole product: kill it, cut its power, fill its disk, turn its clock back, and count what was lost.

`python -m fault` runs them all against real processes; tests/fault/ runs a short version of each.
"""
