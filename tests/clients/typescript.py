"""The TypeScript client is generated from docs/reference, compiled, and packed for npm.

`python -m tests.clients.typescript` does all of it; the package lies in dist/ then.
"""

import asyncio
import shutil
import sys
from hashlib import sha256
from pathlib import Path

from tests.npm import NPM, NpmError, install, locked, run
from tests.processes import ROOT

REFERENCE = ROOT / "docs" / "reference"
PACKAGE = ROOT / "clients" / "typescript"
GENERATED = PACKAGE / "src" / "generated"
COMPILED = PACKAGE / "dist"
TSC = PACKAGE / "node_modules" / "typescript" / "bin" / "tsc"


async def generate(folder: Path = GENERATED) -> None:
    """Writes the types that docs/reference makes into a folder."""
    await succeed("generate.mjs", folder)


async def compiled() -> Path:
    """The client as others import it, made anew where a document or a source has changed."""
    await install(PACKAGE)
    wanted = hash_of_sources()
    stamp = PACKAGE / "node_modules" / ".compiled"
    with locked(PACKAGE):
        if not (COMPILED.exists() and stamp.exists() and stamp.read_text() == wanted):
            # What an older source made would be packed, too.
            shutil.rmtree(COMPILED, ignore_errors=True)
            shutil.rmtree(GENERATED, ignore_errors=True)
            await generate()
            await succeed(TSC)
            stamp.write_text(wanted)
    return COMPILED


async def pack(folder: Path) -> Path:
    """The tarball that npm would publish."""
    await compiled()
    said = await succeed(NPM, "pack", "--loglevel", "error", "--pack-destination", folder)
    return folder / said.split()[-1]


async def succeed(*command: str | Path) -> str:
    code, said = await run(PACKAGE, *command)
    if code:
        raise NpmError(f"{' '.join(map(str, command))} in {PACKAGE}:\n{said}")
    return said


def hash_of_sources() -> str:
    written = [each for each in PACKAGE.glob("src/**/*.ts") if GENERATED not in each.parents]
    around = [PACKAGE / name for name in ("generate.mjs", "package-lock.json", "tsconfig.json")]
    sources = [*written, *around, *REFERENCE.glob("*.json")]
    return sha256(b"".join(each.read_bytes() for each in sorted(sources))).hexdigest()


async def main() -> int:
    try:
        tarball = await pack(ROOT / "dist")
    except NpmError as reason:
        print(reason, file=sys.stderr)
        return 1
    print(tarball.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    (ROOT / "dist").mkdir(exist_ok=True)
    sys.exit(asyncio.run(main()))
