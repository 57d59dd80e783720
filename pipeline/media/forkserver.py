"""Imported by the process that decoding children are forked from, and by no other."""

from avel.pipeline.media.child import die_with_parent

die_with_parent()
