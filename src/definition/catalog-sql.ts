/**
 * The relations of some schemas. $1: the schemas' names. A rename updates the row of the schema, or of the table's row
 * type, in the catalog, and so changes that row's xmin; so do another owner and a grant, which are told apart by the hash.
 *
 * Row level security hides rows from a role unless it bypasses it, or unless a policy lets it read every row and none
 * restricts it: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
 *
 * `row_security_active()` is not asked: it tells of this moment, and the policies are those of the snapshot, so that what
 * one transaction brings would look like half of it.
 */
export const relationsSql = `
select
  c.oid,
  n.nspname::text as schema,
  c.relname::text as name,
  c.relkind::text as kind,
  c.relpersistence::text as persistence,
  case
    when not c.relrowsecurity
      or role.bypasses
      or (pg_has_role(current_user, c.relowner, 'usage') and not c.relforcerowsecurity)
      then 'none'
    when policies.allow_all and not policies.restrict then 'shows all'
    else 'may hide'
  end as row_security,
  policies.versions as policies,
  n.xmin::text as schema_version,
  md5(concat_ws(' ', n.oid, n.nspowner, n.nspacl)) as schema_rights,
  y.xmin::text as name_version,
  md5(concat_ws(' ', y.typowner, y.typacl)) as name_rights
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_type y on y.oid = c.reltype
cross join (
  select rolsuper or rolbypassrls as bypasses from pg_roles where rolname = current_user
) as role
cross join lateral (
  select
    coalesce(bool_or(p.polpermissive and pg_get_expr(p.polqual, p.polrelid) = 'true'), false) as allow_all,
    coalesce(bool_or(not p.polpermissive), false) as restrict,
    string_agg(concat(p.oid, ':', p.xmin), ' ' order by p.oid) as versions
  from pg_policy p
  where p.polrelid = c.oid
    and p.polcmd in ('*', 'r')
    and exists (
      select from unnest(p.polroles) as role
      where role = 0 or pg_has_role(current_user, role, 'usage')
    )
) as policies
where n.nspname = any($1::text[])
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
order by n.nspname, c.relname`;

/**
 * The relations that hold the rows of tables: themselves and their descendants. $1: the tables' oids. A relation that has
 * been detached and attached again is attached by other rows of the catalog.
 */
export const storageSql = `
with recursive descendants (top, oid, attached) as (
  select oid, oid, '' from unnest($1::oid[]) as oid
  union
  select descendants.top, i.inhrelid, concat(descendants.attached, ' ', i.xmin)
  from descendants
  join pg_inherits i on i.inhparent = descendants.oid
)
select
  descendants.top,
  c.oid,
  n.nspname::text as schema,
  c.relname::text as name,
  c.relkind::text as kind,
  c.relpersistence::text as persistence,
  c.relreplident::text as identity,
  concat(pg_relation_filenode(c.oid), descendants.attached) as file,
  pg_relation_size(c.oid) = 0 as is_empty
from descendants
join pg_class c on c.oid = descendants.oid
join pg_namespace n on n.oid = c.relnamespace
where c.relkind <> 'p'
order by n.nspname, c.relname`;

/**
 * The columns of relations, in their order; a domain shows the type below it too. What a column is made of is its number,
 * type, modifier and collation, that collation's version, what it is generated from, and the version of its row in the
 * catalog: every ALTER of the column, and so a rename, makes another one. $1: the relations' oids.
 */
export const columnsSql = `
with collations as materialized (
  select oid, pg_collation_actual_version(oid) as version
  from (
    select distinct attcollation from pg_attribute where attrelid = any($1::oid[]) and attcollation <> 0
  ) as used (oid)
)
select
  a.attrelid as "table",
  a.attname::text as name,
  t.oid as type_oid,
  a.atttypmod as type_modifier,
  case
    when t.typnamespace = 'pg_catalog'::regnamespace then format_type(a.atttypid, -1)
    else format('%I.%I', n.nspname, t.typname)
  end as type,
  case
    when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod)
    else format_type(a.atttypid, a.atttypmod)
  end as base_type,
  t.typtype = 'e' as is_enum,
  coalesce(l.collisdeterministic, true) as is_deterministic,
  t.typtype in ('e', 'r', 'm') or coalesce(b.typnamespace, t.typnamespace) = 'pg_catalog'::regnamespace
    as has_built_in_operators,
  a.attgenerated <> '' as is_generated,
  a.attgenerated = 'v' as is_virtual,
  concat_ws(
    ' ', a.attnum, a.atttypid, a.atttypmod, a.attcollation, c.version, a.xmin, pg_get_expr(g.adbin, g.adrelid)
  ) as made_of
from pg_attribute a
join pg_type t on t.oid = a.atttypid
join pg_namespace n on n.oid = t.typnamespace
left join pg_type b on b.oid = nullif(t.typbasetype, 0)
left join pg_collation l on l.oid = a.attcollation
left join collations c on c.oid = a.attcollation
left join pg_attrdef g on g.adrelid = a.attrelid and g.adnum = a.attnum and a.attgenerated <> ''
where a.attrelid = any($1::oid[])
  and a.attnum > 0
  and not a.attisdropped
order by a.attrelid, a.attnum`;

/** The unique indexes over plain columns and all rows. $1: the relations' oids. */
export const uniqueIndexesSql = `
select
  i.indrelid as "table",
  c.relname::text as name,
  array_agg(a.attname::text order by k.position) as columns,
  i.indisprimary as is_primary,
  i.indisreplident as is_identity,
  i.indimmediate as is_immediate,
  bool_and(a.attnotnull) as is_not_null
from pg_index i
join pg_class c on c.oid = i.indexrelid
cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = any($1::oid[])
  and i.indisunique
  and i.indisvalid
  and not i.indisexclusion
  and i.indpred is null
  and i.indexprs is null
  and k.position <= i.indnkeyatts
group by i.indexrelid, c.relname
order by i.indrelid, count(*), c.relname`;

/** The foreign keys of relations, without the copies that Postgres keeps for partitions. $1: the relations' oids. */
export const foreignKeysSql = `
select
  f.conrelid as "table",
  f.conname::text as name,
  array_agg(own.attname::text order by k.position) as columns,
  f.confrelid as referenced,
  array_agg(other.attname::text order by k.position) as referenced_columns
from pg_constraint f
cross join lateral unnest(f.conkey, f.confkey) with ordinality as k (own, other, position)
join pg_attribute own on own.attrelid = f.conrelid and own.attnum = k.own
join pg_attribute other on other.attrelid = f.confrelid and other.attnum = k.other
where f.contype = 'f'
  and f.conparentid = 0
  and f.conrelid = any($1::oid[])
group by f.oid
order by f.conrelid, f.conname`;
