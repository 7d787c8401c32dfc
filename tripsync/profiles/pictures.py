"""Pictures are decoded, whatever they claim to be, and drawn anew as a small square.

Nothing of what was sent is kept: no metadata, no place where it was taken, no byte that was
not drawn here.
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps

from tripsync.http.problems import UNAVAILABLE, Problem
from tripsync.http.uploads import Upload
from tripsync.profiles.polyglots import is_disguised_in_picture
from tripsync.profiles.problems import UNUSABLE_IMAGE
from tripsync.settings import Settings

PICTURE = Upload(("image/jpeg", "image/png", "image/webp", "image/gif"), max_bytes=8_000_000)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
STORED_AS = "image/webp"
SIDE = 512
# What a good phone takes, and what of it may have to be held in memory, at 4 bytes each.
MOST_PIXELS = 50_000_000
MOST_DECODED_PIXELS = 25_000_000
# Decoding is dear: a few at once, and who would wait longer than this many is told to come back.
MOST_THREADS = 2
LONGEST_QUEUE = 20


class Pictures:
    """Draws pictures in threads; Pillow lets go of the interpreter meanwhile."""

    def __init__(self, settings: Settings) -> None:
        threads = MOST_THREADS if settings.workers == 1 else 1
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="pictures")
        self._queue = 0

    async def draw(self, content: bytes) -> bytes:
        """The square that is kept of a picture."""
        if self._queue >= LONGEST_QUEUE:
            raise Problem(UNAVAILABLE, headers={"Retry-After": "5"})
        self._queue += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, square, content)
        finally:
            self._queue -= 1

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def square(content: bytes) -> bytes:
    """The middle of a picture, upright, as a WebP without metadata."""
    if is_disguised_in_picture(content):
        raise Problem(UNUSABLE_IMAGE, "This file is more than a picture; send the picture only.")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            check_size(opened, MOST_PIXELS)
            # A JPEG can be decoded at a fraction of its size, which saves most of the work.
            opened.draft("RGB", (2 * SIDE, 2 * SIDE))
            check_size(opened, MOST_DECODED_PIXELS)
            return drawn(opened)
    except Problem:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels(MOST_PIXELS) from None
    except Exception:
        # A decoder stumbles over a broken file in any way it likes.
        raise Problem(UNUSABLE_IMAGE) from None


def drawn(opened: Image.Image) -> bytes:
    # Reads all of it: a truncated file ends here. Of a moving picture, this is the first frame.
    opened.load()
    side = min(SIDE, opened.width, opened.height)
    coloured = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    # The middle square stays the middle square, however it is turned.
    upright = ImageOps.exif_transpose(ImageOps.fit(coloured, (side, side)))
    # A fresh sheet: what is not drawn on it is not kept.
    sheet = Image.new(upright.mode, upright.size)
    sheet.paste(upright)
    file = io.BytesIO()
    sheet.save(file, "WEBP", quality=82)
    return file.getvalue()


def check_size(picture: Image.Image, most: int) -> None:
    if picture.width * picture.height > most:
        raise too_many_pixels(most)


def too_many_pixels(most: int) -> Problem:
    return Problem(
        UNUSABLE_IMAGE,
        f"This picture has more than {most // 1_000_000} million pixels; send a smaller one.",
    )
