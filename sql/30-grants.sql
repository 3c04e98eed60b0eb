-- Who may do what in the films' schema: now, and on tables that films_owner adds later.
set role films_owner;

grant usage on schema content to projector, films_admin;

grant select on all tables in schema content to projector;
grant select, insert, update, delete on all tables in schema content to films_admin;

alter default privileges for role films_owner in schema content
  grant select on tables to projector;
alter default privileges for role films_owner in schema content
  grant select, insert, update, delete on tables to films_admin;

reset role;
