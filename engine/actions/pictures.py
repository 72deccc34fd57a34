"""Pictures as the public gets them: drawn anew, so that nothing is in them but what is seen."""

import os
import struct
import subprocess
import tempfile
from io import BytesIO
from pathlib import Path

import imageio_ffmpeg
from PIL import ExifTags, Image

from engine.actions.files import path_of
from engine.errors import NotFound
from engine.models.house import Document
from engine.words import Words

WIDEST = 1280
QUALITY = 82
BROKEN = (OSError, ValueError, SyntaxError, struct.error)
"""What Pillow says of pictures that are none, and of what a camera wrote into them."""
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By what the camera says of how it was held. Pillow's own turning writes all of the EXIF again, and fails on some."""
PATIENCE_S = 10
"""For the first picture of a film, which takes a quarter of a second."""


def public_picture(data: Path, of: Document) -> Path:
    """A JPEG of a photo, or of the beginning of a film, without the place, the day and the device it was taken with. It
    is made once and kept; the original stays as it was sent. Raises `NotFound` where there is nothing to be seen.
    """
    path = data / "public" / of.sha256[:2] / f"{of.sha256[2:]}.jpg"
    if not path.exists():
        original = path_of(data, of.sha256)
        try:
            drawn = _still(original) if of.media_type.startswith("video/") else original.read_bytes()
            _keep(path, _drawn(drawn))
        except (*BROKEN, Image.DecompressionBombError, subprocess.SubprocessError) as error:
            raise NotFound(Words("这张图片无法显示。", "This picture cannot be shown.")) from error
    return path


def _drawn(picture: bytes) -> bytes:
    with Image.open(BytesIO(picture), formats=("JPEG", "PNG")) as opened:
        opened.draft("RGB", (WIDEST, WIDEST))  # a large JPEG is read at a smaller size
        turn = TURNED.get(opened.getexif().get(ExifTags.Base.Orientation, 1))
        upright = opened.transpose(turn) if turn is not None else opened.copy()
        upright.thumbnail((WIDEST, WIDEST))
        seen = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        plain = Image.new("RGB", seen.size, "white")
        plain.paste(seen, mask=seen if seen.mode == "RGBA" else None)
    drawn = BytesIO()
    plain.save(drawn, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return drawn.getvalue()


def _still(film: Path) -> bytes:
    """Its first second is often dark; one that is shorter gives its first picture."""
    for second in ("1", "0"):
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-nostdin",
            "-protocol_whitelist",
            "file,pipe",
        ]
        command += ["-f", "mov", "-ss", second, "-i", str(film), "-frames:v", "1", "-f", "mjpeg", "-"]
        still = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False).stdout
        if still:
            return still
    raise ValueError("no picture in it")


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="incoming-", delete=False) as file:
        file.write(content)
    os.replace(file.name, path)
