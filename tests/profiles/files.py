"""Pictures and documents to send, good and bad."""

import io
from typing import Any

import httpx
from PIL import Image
from pypdf import PdfWriter

from tests.people import Rider

IMAGE = "/api/profile/me/image"
RESUME = "/api/profile/me/resume"


async def send(rider: Rider, path: str, content: bytes, name: str = "file.bin") -> httpx.Response:
    return await rider.call("POST", path, files={"file": (name, content, "text/html")})


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: Any = "teal", **more: Any
) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **more)
    return file.getvalue()


def noise(size: tuple[int, int] = (300, 300)) -> bytes:
    """A picture whose data does not compress: half of it is no picture."""
    file = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def pdf(pages: int = 1, writer: PdfWriter | None = None) -> bytes:
    writer = writer or PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()
