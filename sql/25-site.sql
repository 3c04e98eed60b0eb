-- The editing site's own: who may log in. Apart from the films, so that the service, which reads all of `content`, sees
-- no password's hash, and no publication carries one.
set role films_owner;

create schema if not exists site;

create table if not exists site.administrator (
  id uuid primary key default gen_random_uuid(),
  name text not null unique check (name ~ '^[[:alnum:]._-]{1,64}$'),
  -- $scrypt$ln=…,r=…,p=…$salt$hash
  password_hash text not null,
  created timestamptz not null default now()
);

grant usage on schema site to films_admin;
grant select, insert, update, delete on site.administrator to films_admin;

reset role;
