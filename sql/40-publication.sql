-- What the service follows. Its name is the service's PROJECTOR_NAME, which is `projector` unless set otherwise.
-- A publication that is there keeps the tables that it has beyond these.

do $$
begin
  if exists (select from pg_publication where pubname = 'projector' and pubowner <> 'films_owner'::regrole) then
    alter publication projector owner to films_owner;
  end if;
end
$$;

set role films_owner;

do $$
declare
  missing text;
begin
  if not exists (select from pg_publication where pubname = 'projector') then
    create publication projector;
  end if;

  select string_agg(format('content.%I', name), ', ')
    into missing
    from unnest(array['film_work', 'genre', 'person', 'genre_film_work', 'person_film_work']) as name
   where not exists (
     select from pg_publication_tables
      where pubname = 'projector' and schemaname = 'content' and tablename = name
   );
  if missing is not null then
    execute 'alter publication projector add table ' || missing;
  end if;
end
$$;

reset role;
