-- The films' roles. Roles belong to the whole cluster, so another database may have made them already, or be making
-- them at this moment. No passwords here: who deploys sets them (alter role … password …).
--
--   films_owner   owns the schema, its tables and the publication; changes the schema; nobody's daily account
--   projector     the service: reads, and follows a replication slot; writes nothing
--   films_admin   the films' editing site: reads and writes rows; changes no schema

do $$
begin
  create role films_owner nologin;
exception when duplicate_object or unique_violation then
  null;
end
$$;

do $$
begin
  create role projector login replication;
exception when duplicate_object or unique_violation then
  null;
end
$$;

do $$
begin
  create role films_admin login;
exception when duplicate_object or unique_violation then
  null;
end
$$;

-- A role of that name from before may lack what the service needs.
do $$
begin
  if exists (select from pg_roles where rolname = 'projector' and not (rolcanlogin and rolreplication)) then
    alter role projector login replication;
  end if;
end
$$;

-- Creating a schema or a publication takes CREATE on the database.
do $$
begin
  execute format('grant create on database %I to films_owner', current_database());
end
$$;
