/** Objects of lower oids come with Postgres, and are as its version has them. */
const FIRST_USER_OID = 16384;

/**
 * What types are made of, at any depth: the types below domains, the elements of arrays, the attributes of composites, the
 * bounds of ranges; and the casts by which `to_json` and expressions may turn their values into others. A row a type that
 * is reached and is no part of Postgres itself. $1: the types' oids.
 * https://www.postgresql.org/docs/current/catalog-pg-type.html
 */
export const typesSql = `
with recursive reached (top, oid) as (
  select oid, oid from unnest($1::oid[]) as oid
  union
  select reached.top, below.oid
  from reached
  join pg_type t on t.oid = reached.oid
  cross join lateral (
    select t.typbasetype
    union all
    select t.typelem
    union all
    select a.atttypid from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    union all
    select unnest(array[r.rngsubtype, r.rngtypid]) from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
  ) as below (oid)
  where below.oid <> 0
)
select
  reached.top as type,
  t.oid as part,
  concat_ws(
    ' ', t.typtype, t.typbasetype, t.typtypmod, t.typcollation,
    (
      select string_agg(
        concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.xmin), ', ' order by a.attnum
      )
      from pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ),
    (
      select concat_ws(' ', r.rngsubtype, r.rngcollation, r.rngcanonical)
      from pg_range r
      where r.rngtypid = t.oid
    ),
    (
      select string_agg(concat_ws(' ', c.oid, c.castfunc, c.castmethod), ', ' order by c.oid)
      from pg_cast c
      where t.oid in (c.castsource, c.casttarget)
    )
  ) as made_of,
  array(
    select e.oid from pg_enum e where e.enumtypid = t.oid order by e.oid
  ) as labels,
  array(
    select concat_ws(' ', e.enumlabel, e.xmin) from pg_enum e where e.enumtypid = t.oid order by e.oid
  ) as label_versions,
  array(
    select c.castfunc from pg_cast c where t.oid in (c.castsource, c.casttarget) and c.castfunc >= ${FIRST_USER_OID}
  ) as functions
from reached
join pg_type t on t.oid = reached.oid
where t.oid >= ${FIRST_USER_OID}
order by reached.top, t.oid`;

/**
 * The versions of objects that expressions use, with those of every function that is called below them. Postgres knows the
 * functions that a body in standard SQL calls; in any other body, each of whose name it has a word is taken for one. So
 * is each overload, since it is chosen by the types of the day. $1, $2: the objects' catalogs and oids.
 * https://www.postgresql.org/docs/current/catalog-pg-depend.html
 */
export const objectsSql = `
with recursive given as (
  select * from unnest($1::text[], $2::oid[]) as given (catalog, oid)
),
reached (catalog, oid, function) as (
  select given.catalog, given.oid, given.oid from given where given.catalog = 'pg_proc'
  union
  select given.catalog, given.oid, o.oprcode::oid
  from given
  join pg_operator o on o.oid = given.oid
  where given.catalog = 'pg_operator'
  union
  select reached.catalog, reached.oid, callee.oid
  from reached
  join pg_proc caller on caller.oid = reached.function
  join pg_language l on l.oid = caller.prolang
  join pg_proc callee on callee.oid >= ${FIRST_USER_OID} and callee.oid <> caller.oid
  where (callee.proname, callee.pronamespace) = (caller.proname, caller.pronamespace)
    or (
      l.lanname not in ('internal', 'c')
      and (
        lower(callee.proname) = any(regexp_split_to_array(lower(caller.prosrc), '\\W+'))
        or strpos(caller.prosrc, quote_ident(callee.proname)) > 0
        or exists (
          select from pg_depend d
          where d.classid = 'pg_proc'::regclass
            and d.objid = caller.oid
            and d.refclassid = 'pg_proc'::regclass
            and d.refobjid = callee.oid
        )
      )
    )
)
select
  given.catalog,
  given.oid,
  concat_ws(
    ' ',
    (
      select string_agg(concat_ws(' ', p.oid, p.xmin), ', ' order by p.oid)
      from reached
      join pg_proc p on p.oid = reached.function
      where (reached.catalog, reached.oid) = (given.catalog, given.oid)
    ),
    case given.catalog
      when 'pg_operator' then (select concat(o.oprcode::oid) from pg_operator o where o.oid = given.oid)
      when 'pg_collation' then (
        select concat_ws(' ', c.oid, pg_collation_actual_version(c.oid)) from pg_collation c where c.oid = given.oid
      )
      when 'pg_ts_dict' then (select concat(d.oid, ' ', d.xmin) from pg_ts_dict d where d.oid = given.oid)
      when 'pg_ts_config' then (
        select string_agg(concat_ws(' ', m.xmin, m.maptokentype, m.mapseqno, d.oid, d.xmin), ', ' order by m.ctid)
        from pg_ts_config_map m
        join pg_ts_dict d on d.oid = m.mapdict
        where m.mapcfg = given.oid
      )
    end
  ) as version
from given`;
