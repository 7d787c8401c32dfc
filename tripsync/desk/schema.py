"""What the database says of its own schema: all that is in it, to be compared."""

import psycopg

# yoyo's own tables are no part of it.
EVERYTHING = """
with relations as (
    select *
      from pg_class
     where relnamespace = 'public'::regnamespace
       and relname !~ '^_?yoyo'
)
select 'relation', relname::text, concat_ws(' ', relkind, relpersistence, relrowsecurity,
                                      relforcerowsecurity, reloptions)
  from relations
 union all
select 'view', relname, pg_get_viewdef(oid)
  from relations
 where relkind in ('v', 'm')
 union all
select 'column', concat(relname, '.', attname),
       concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                 pg_get_expr(adbin, adrelid))
  from relations
  join pg_attribute on attrelid = relations.oid and attnum > 0 and not attisdropped
  left join pg_attrdef on adrelid = attrelid and adnum = attnum
 union all
select 'index', relname, concat(pg_get_indexdef(relations.oid), indisvalid)
  from relations
  join pg_index on indexrelid = relations.oid
 union all
select 'constraint', concat(conname, ' of ', relname), pg_get_constraintdef(pg_constraint.oid)
  from relations
  join pg_constraint on conrelid = relations.oid
 union all
select 'trigger', concat(tgname, ' of ', relname),
       concat(pg_get_triggerdef(pg_trigger.oid), tgenabled)
  from relations
  join pg_trigger on tgrelid = relations.oid and not tgisinternal
 union all
select 'policy', concat(polname, ' of ', relname),
       concat_ws(' ', polcmd, polpermissive, pg_get_expr(polqual, polrelid),
                 pg_get_expr(polwithcheck, polrelid),
                 array(select unnest(polroles)::regrole::text order by 1))
  from relations
  join pg_policy on polrelid = relations.oid
 union all
select 'function', oid::regprocedure::text, pg_get_functiondef(oid)
  from pg_proc
 where pronamespace = 'public'::regnamespace
   and prokind <> 'a'
 union all
select 'type', typname,
       concat(format_type(typbasetype, typtypmod),
              array(select enumlabel
                      from pg_enum
                     where enumtypid = pg_type.oid
                     order by enumsortorder))
  from pg_type
 where typnamespace = 'public'::regnamespace
   and typtype in ('e', 'd', 'r')
 union all
select 'right', concat(what, ' for ', case when grantee = 0 then 'everybody'
                                           else grantee::regrole::text end), privilege_type
  from (
           select relname::text as what, relowner as owner, relacl as rights
             from relations
            union all
           select concat(relname, '.', attname), relowner, attacl
             from relations
             join pg_attribute on attrelid = relations.oid
            union all
           select oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner))
             from pg_proc
            where pronamespace = 'public'::regnamespace
            union all
           select concat('what ', defaclrole::regrole, ' makes'), defaclrole, defaclacl
             from pg_default_acl
            where defaclnamespace in (0, 'public'::regnamespace)
            union all
           select 'the schema', nspowner, nspacl
             from pg_namespace
            where nspname = 'public'
       ) as held
 cross join aclexplode(rights)
 where grantee <> owner
 union all
select 'extension', extname, extversion
  from pg_extension
 union all
select 'schema', nspname, ''
  from pg_namespace
 where nspname !~ '^pg_'
"""


def everything_in(connection: psycopg.Connection) -> frozenset[tuple[str, str, str]]:
    """All there is in the schema, each by its kind, its name and how it is defined."""
    return frozenset(connection.execute(EVERYTHING).fetchall())
