"""Query files as they were: of a revision of git, or of another folder."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tripsync.database.files import SQL
from tripsync.desk.values import DeskError

NO_GIT = (
    "the query files are in no git repository here; say `--against FOLDER`, "
    "such as a copy of sql/ that was made before the edit"
)


@contextmanager
def files_of(against: str) -> Iterator[Path]:
    """A folder like sql/. What names a folder is one; anything else is a revision."""
    if Path(against).is_dir():
        if not any(Path(against).glob("*.sql")):
            raise DeskError(f"{against} holds no query files")
        yield Path(against)
        return
    with tempfile.TemporaryDirectory(prefix="tripsync-sql-") as folder:
        archive = asked_of_git("archive", "--format=tar", against, "--", ".")
        unpack(archive, Path(folder))
        yield Path(folder)


def unpack(archive: bytes, folder: Path) -> None:
    """Only files, as git has no others in it that hold SQL."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            if content := members.extractfile(member):
                place = folder / member.name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content.read())


def asked_of_git(*arguments: str) -> bytes:
    try:
        said = subprocess.run(
            ["git", *arguments], cwd=SQL, capture_output=True, check=True, timeout=60
        )
    except FileNotFoundError:
        raise DeskError(NO_GIT) from None
    except subprocess.CalledProcessError as reason:
        words = reason.stderr.decode(errors="replace").strip()
        if "not a git repository" in words:
            raise DeskError(NO_GIT) from None
        raise DeskError(f"git: {words.splitlines()[0] if words else reason}") from None
    return said.stdout
