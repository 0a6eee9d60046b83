"""The doctor: says what is wrong with a registry, if anything, and changes nothing."""

from twinhold.registry.doctor.examination import MOST_NAMED, examine
from twinhold.registry.doctor.files import Files

__all__ = ["MOST_NAMED", "Files", "examine"]
