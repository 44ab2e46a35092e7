"""What sensitive data is in a payload, and how it is taken out. Pure: no files, sockets, clocks or randomness."""

from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.checking import check
from gatebook.dlp.detector import Detector, select
from gatebook.dlp.fingerprint import fingerprint
from gatebook.dlp.guardrail import Guardrail, Verdict, apply
from gatebook.dlp.hit import Hit, Limits, Scanned
from gatebook.dlp.redact import Action, redact
from gatebook.dlp.scanner import Scanner

__all__ = [
    "BUILT_IN",
    "Action",
    "Detector",
    "Guardrail",
    "Hit",
    "Limits",
    "Scanned",
    "Scanner",
    "Verdict",
    "apply",
    "check",
    "fingerprint",
    "redact",
    "select",
]
