import { columns, tables, type Table } from './rows.ts';

/** The temporary table that a batch is copied into; it is gone with the transaction. */
export const incoming = (table: Table): string => `incoming_${table}`;

/**
 * Times without a zone are UTC. `genre_alias`: a genre whose name the database has under another id already. Its
 * links go to the one that is there.
 */
export const prepare = [
  `set local timezone = 'UTC'`,
  `set local datestyle = 'ISO, YMD'`,
  ...tables.map(
    (table) => `
      create temporary table ${incoming(table)} on commit drop as
        select ${columns[table].join(', ')} from content.${table} with no data`,
  ),
  `create temporary table genre_alias (id uuid primary key, actual uuid not null) on commit drop`,
].join(';\n');

/** Takes a batch over from the temporary tables. What is there already stays as it is. */
export const insert: Readonly<Record<Table, string>> = {
  genre: `
    insert into content.genre (id, name, description, created, modified)
    select id, name, description, coalesce(created, now()), coalesce(modified, created, now())
      from incoming_genre
        on conflict do nothing`,
  person: `
    insert into content.person (id, full_name, birth_date, created, modified)
    select id, full_name, birth_date, coalesce(created, now()), coalesce(modified, created, now())
      from incoming_person
        on conflict do nothing`,
  film_work: `
    insert into content.film_work
           (id, title, description, creation_date, certificate, file_path, rating, type, created, modified)
    select id, title, description, creation_date, certificate, file_path, rating, type,
           coalesce(created, now()), coalesce(modified, created, now())
      from incoming_film_work
        on conflict do nothing`,
  genre_film_work: `
    insert into content.genre_film_work (id, film_work_id, genre_id, created)
    select link.id, link.film_work_id, coalesce(alias.actual, link.genre_id), coalesce(link.created, now())
      from incoming_genre_film_work as link
      left join genre_alias as alias on alias.id = link.genre_id
        on conflict do nothing`,
  person_film_work: `
    insert into content.person_film_work (id, film_work_id, person_id, role, created)
    select id, film_work_id, person_id, role, coalesce(created, now())
      from incoming_person_film_work
        on conflict do nothing`,
};

/** To be run after the genres' insert. */
export const findAliases = `
  insert into genre_alias (id, actual)
  select incoming.id, present.id
    from incoming_genre as incoming
    join content.genre as present on present.name = incoming.name
   where not exists (select from content.genre where genre.id = incoming.id)
      on conflict do nothing`;

export const clear = `truncate ${tables.map(incoming).join(', ')}`;

/** Without statistics the first queries on a million new rows would be planned as if there were none. */
export const analyze = `analyze ${tables.map((table) => `content.${table}`).join(', ')}`;
