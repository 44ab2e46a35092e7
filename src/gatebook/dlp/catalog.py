"""All built-in detectors by id, in the order of the documentation: secrets, personal data, labels, indicators. Ids are public interface."""

from collections.abc import Mapping

from gatebook.dlp import (
    detectors_cloud,
    detectors_contact,
    detectors_generic,
    detectors_identity,
    detectors_indicators,
    detectors_money,
    detectors_tools,
)
from gatebook.dlp.detector import Detector

_MODULES = (
    detectors_cloud,
    detectors_tools,
    detectors_generic,
    detectors_money,
    detectors_identity,
    detectors_contact,
    detectors_indicators,
)
_FAMILIES = ("secret", "pii", "label", "indicator")

BUILT_IN: Mapping[str, Detector] = {
    detector.id: detector
    for family in _FAMILIES
    for module in _MODULES
    for detector in module.DETECTORS
    if detector.id.partition("/")[0] == family
}
