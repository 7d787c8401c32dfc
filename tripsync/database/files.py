"""Where sql/, migrations/ and docs/ lie: at the top of a checkout, inside an installed package."""

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def folder(name: str) -> Path:
    shipped = PACKAGE / name
    return shipped if shipped.is_dir() else PACKAGE.parent / name


SQL = folder("sql")
MIGRATIONS = folder("migrations")
# The schema that queries stand on, for whoever writes them; no query is read from it.
SCHEMA = SQL / "schema.sql"
# What fills a database to try things with.
SEED = SQL / "seed"
# Its riders. Whoever reads this can sign in as anybody of them: never in production.
SEEDED_EMAIL = "rider{}@seed.example"
SEEDED_PASSWORD = "four sparrows on a tram"


def query_files(folder: Path = SQL) -> list[Path]:
    """The files of queries, in the order of their names."""
    return sorted(file for file in folder.glob("*.sql") if file.name != SCHEMA.name)


def function_files(folder: Path = SQL) -> list[Path]:
    """The files of SQL functions and views, in the order of their names."""
    return sorted((folder / "functions").glob("*.sql"))


def edition_of(folder: Path) -> str:
    """The same for the same files of queries and functions, on whatever host."""
    digest = hashlib.sha256()
    for file in (*query_files(folder), *function_files(folder)):
        name = file.relative_to(folder).as_posix()
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:32]
