"""Where sql/ and migrations/ lie: at the top of a checkout, inside an installed package."""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def folder(name: str) -> Path:
    shipped = PACKAGE / name
    return shipped if shipped.is_dir() else PACKAGE.parent / name


SQL = folder("sql")
MIGRATIONS = folder("migrations")
