-- Films, genres, persons, and the links between them.
set role films_owner;

create schema if not exists content;

create table if not exists content.film_work (
  id uuid primary key default gen_random_uuid(),
  title text not null,
  description text,
  creation_date date,
  certificate text,
  file_path text,
  rating double precision check (rating between 0 and 10),
  -- Null where nobody knows.
  type text check (type in ('movie', 'tv_show')),
  created timestamptz not null default now(),
  modified timestamptz not null default now()
);

create table if not exists content.genre (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  description text,
  created timestamptz not null default now(),
  modified timestamptz not null default now()
);

create table if not exists content.person (
  id uuid primary key default gen_random_uuid(),
  full_name text not null,
  birth_date date,
  created timestamptz not null default now(),
  modified timestamptz not null default now()
);

create table if not exists content.genre_film_work (
  id uuid primary key default gen_random_uuid(),
  film_work_id uuid not null references content.film_work on delete cascade,
  genre_id uuid not null references content.genre on delete cascade,
  created timestamptz not null default now()
);

create table if not exists content.person_film_work (
  id uuid primary key default gen_random_uuid(),
  film_work_id uuid not null references content.film_work on delete cascade,
  person_id uuid not null references content.person on delete cascade,
  role text not null check (role in ('actor', 'writer', 'director')),
  created timestamptz not null default now()
);

-- A link exists once. These indexes are also the links' replica identity: a deleted or moved link must say in the
-- stream which film and which genre or person it leaves, and its surrogate key does not.
create unique index if not exists genre_film_work_identity
  on content.genre_film_work (film_work_id, genre_id);
create unique index if not exists person_film_work_identity
  on content.person_film_work (film_work_id, person_id, role);

alter table content.genre_film_work replica identity using index genre_film_work_identity;
alter table content.person_film_work replica identity using index person_film_work_identity;

-- The other way: the films of a genre or of a person, in the films' order, a page at a time.
create index if not exists genre_film_work_by_genre
  on content.genre_film_work (genre_id, film_work_id);
create index if not exists person_film_work_by_person
  on content.person_film_work (person_id, film_work_id);

create or replace function content.touch_modified() returns trigger
language plpgsql as $$
begin
  new.modified := now();
  return new;
end
$$;

-- An update that changes nothing leaves `modified` alone.
create or replace trigger film_work_modified before update on content.film_work
  for each row when (old.* is distinct from new.*) execute function content.touch_modified();
create or replace trigger genre_modified before update on content.genre
  for each row when (old.* is distinct from new.*) execute function content.touch_modified();
create or replace trigger person_modified before update on content.person
  for each row when (old.* is distinct from new.*) execute function content.touch_modified();

reset role;
