"""Imported by the process that decoding children are forked from, and by no other."""

from avel.pipeline.media import child

child.die_with_parent()
