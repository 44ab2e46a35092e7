"""Hooks of schemathesis: values of the formats that only this API knows. What there is in the running deployment comes through the environment."""

import json
import os

import schemathesis
from hypothesis import strategies as st

SAMPLES = "GATEBOOK_SAMPLES"
QUERIES = (
    "", "status:ok", "-status:(ok,blocked)", 'connector:crm OR tool:"git_log"', "person:am* duration:>2s", "since:-1h until:now",
    '"renewal due"', "args.limit:>10", "NOT (rule:* OR finding:*)", "time:2026-11-01..2026-12-01", "bytes_out:>=10k is_error:true",
)  # fmt: skip

for name, values in json.loads(os.environ.get(SAMPLES, "{}")).items():
    schemathesis.openapi.format(name, st.sampled_from(values))
schemathesis.openapi.format("gatebook-query", st.sampled_from(QUERIES))
