"""Which packages a wheel has; setup.cfg says all the rest.

sql/ and migrations/ lie at the top, where DBAs look for them, and travel inside the package, so
that an installed wheel can serve. So does the guide in docs/ that the server shows.
"""

from setuptools import find_packages, setup

FOLDERS = {f"tripsync.{folder}": folder for folder in ("sql", "migrations", "docs")}

setup(
    packages=[*find_packages(include=["tripsync", "tripsync.*"]), *FOLDERS],
    package_dir=FOLDERS,
)
