"""Labelled payloads by which the detectors are judged: true ones in plain and in hidden form, and payloads with nothing to find.

`case` says what a case is and when a finding meets it; `generate` makes all of them: `plain` and `crowds` from `templates/`
and drawn `values_*`, `encoded` with `evasions`, `negatives` from `negatives/`. `ordinary` makes everyday traffic. Kinds:
plain and encoded must be found, a gap is admitted and only reported, a hostile case is found or refused, a negative is silent.
"""
