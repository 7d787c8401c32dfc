"""Polyglots are files of more than one format at once.

A file can be a proper picture to one program and an archive, a page or a script to another.
Nothing such is kept, whatever else it is. What phones append to their own pictures (a short
film, a depth map) is none of this.
"""

import io
import re
import zipfile

PAGE_OR_SCRIPT = re.compile(rb"<script|<html|<!doctype html|<svg|<\?php", re.IGNORECASE)
# PDF readers look so far for the beginning.
BEGINNING = 1024


def is_archive(content: bytes) -> bool:
    return zipfile.is_zipfile(io.BytesIO(content))


def is_disguised_in_picture(content: bytes) -> bool:
    """Whether a picture is also an archive, a document, a page or a script."""
    return (
        is_archive(content)
        or b"%PDF-" in content[:BEGINNING]
        or PAGE_OR_SCRIPT.search(content) is not None
    )


def is_disguised_in_pdf(content: bytes) -> bool:
    """Whether a PDF is also something else: it must begin at once and end as one."""
    return (
        not content.startswith(b"%PDF-")
        or b"%%EOF" not in content[-BEGINNING:]
        or is_archive(content)
        or PAGE_OR_SCRIPT.search(content[:BEGINNING]) is not None
    )
