"""The tables of the job queue. They are pgqueuer's: its release, pinned in setup.cfg, writes them.

A later release may write others, here too on a database that is made anew. So whoever moves the
pin adds a migration that applies what `pgq sql upgrade` prints: it brings older tables up to date,
and finds nothing to do where they are. tests/jobs/test_tables.py turns red until it is there.
"""

from pgqueuer.adapters.persistence.schema_ddl import render_install, render_uninstall
from pgqueuer.domain.settings import DBSettings
from yoyo import step

queue = DBSettings()


def install(connection):
    connection.cursor().execute(render_install(queue))


def uninstall(connection):
    connection.cursor().execute(render_uninstall(queue))


steps = [step(install, uninstall)]
