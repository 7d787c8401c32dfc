"""What a query gives and writes with certain values; all of it is taken back.

The database is one that is thrown away: its tables get triggers that note which rows are written,
by whatever means. Sequences are put back, so that a second run makes the same ids, and both runs
are in one transaction, so that `now()` is the same.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import asyncpg

from tripsync.database.roles import APP
from tripsync.database.sources import Source, statement_of
from tripsync.desk.variations import Values

LONGEST_MS = 2000

NOTING = """
create schema desk;
create unlogged table desk.effects (
    written text not null,
    act text not null,
    before jsonb,
    after jsonb
);
create unlogged table desk.sequences as
select format('%I.%I', schemaname, sequencename)::regclass as sequence,
       last_value
  from pg_sequences
 where schemaname = 'public';

create function desk.note() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into desk.effects select tg_table_name, 'inserts', null, to_jsonb(fresh) from fresh;
    elsif tg_op = 'DELETE' then
        insert into desk.effects select tg_table_name, 'deletes', to_jsonb(stale), null from stale;
    else
        insert into desk.effects
        select tg_table_name, 'updates', s.row, f.row
          from (select to_jsonb(stale) as row, row_number() over () as nth from stale) s
          full join (select to_jsonb(fresh) as row, row_number() over () as nth from fresh) f
            using (nth);
    end if;
    return null;
end $$;

-- What a run took of the sequences comes back.
create function desk.put_back() returns void language sql security definer as $$
    select setval(sequence, coalesce(s.last_value, 1), s.last_value is not null)
      from desk.sequences s
      join pg_sequences p on format('%I.%I', p.schemaname, p.sequencename)::regclass = sequence
     where p.last_value is distinct from s.last_value;
$$;

do $$
declare
    name regclass;
begin
    for name in
        select oid
          from pg_class
         where relnamespace = 'public'::regnamespace
           and relkind in ('r', 'p')
           and not relispartition
           and relname !~ '^(_?yoyo|sql_functions)'
    loop
        execute format('create trigger desk_insert after insert on %s referencing new table as '
            'fresh for each statement execute function desk.note()', name);
        execute format('create trigger desk_delete after delete on %s referencing old table as '
            'stale for each statement execute function desk.note()', name);
        execute format('create trigger desk_update after update on %s referencing old table as '
            'stale new table as fresh for each statement execute function desk.note()', name);
    end loop;
end $$;

grant usage on schema desk to public;
grant select on desk.effects to public;
"""
EFFECTS = "select written, act, before, after from desk.effects"


class Effect(NamedTuple):
    """A row that was written: what it was, and what it became."""

    table: str
    act: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Outcome(NamedTuple):
    """What one run gave."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    effects: tuple[Effect, ...] = ()
    refusal: str = ""

    @property
    def leads_somewhere(self) -> bool:
        return bool(self.rows or self.effects)


class Text:
    """A query as one version of its file has it, prepared."""

    def __init__(self, source: Source, prepared: Any) -> None:
        self.source = source
        self.statement = statement_of(source)
        self.types = {
            name: each.name
            for name, each in zip(self.statement.parameters, prepared.get_parameters(), strict=True)
        }
        self.columns = tuple(each.name for each in prepared.get_attributes())
        self._prepared = prepared

    async def run(self, connection: asyncpg.Connection, values: Values) -> Outcome:
        """Within a transaction of the caller; it is afterwards as it was."""
        given = [values.get(name) for name in self.statement.parameters]
        # Released as well: of savepoints that stay, each write takes a lock.
        await connection.execute("savepoint run")
        try:
            rows = await self._prepared.fetch(*given)
            effects = await connection.fetch(EFFECTS)
        except (asyncpg.PostgresError, ValueError) as reason:
            return Outcome((), (), refusal=str(reason).partition("\n")[0])
        finally:
            await connection.execute(
                "rollback to savepoint run; release savepoint run; select desk.put_back()"
            )
        return Outcome(
            self.columns,
            tuple(tuple(map(written, row)) for row in rows),
            tuple(Effect(*each[:2], *map(loaded, each[2:])) for each in effects),
        )


def loaded(row: str | None) -> Any:
    return None if row is None else json.loads(row)


def written(value: Any) -> str | None:
    """A value as text, the same for the same value."""
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    return str(value)


async def prepare(connection: asyncpg.Connection, source: Source) -> Text:
    """As servers would; the caller's transaction goes on where PostgreSQL refuses it."""
    async with connection.transaction():
        return Text(source, await connection.prepare(statement_of(source).sql))


async def begin(connection: asyncpg.Connection) -> None:
    """What holds for all runs of the transaction that the caller has begun."""
    await connection.execute(f"set local statement_timeout = {LONGEST_MS}")
    await connection.execute(f"set local role {APP}")
