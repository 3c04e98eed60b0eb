import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The tables as the older database has them. Nothing in them keeps a wrong value out. */
export const oldTables = `
  create table film_work (
    id text, title text, description text, creation_date date, certificate text, file_path text,
    rating float, type text, created_at timestamp with time zone, updated_at timestamp with time zone
  );
  create table genre (
    id text, name text, description text,
    created_at timestamp with time zone, updated_at timestamp with time zone
  );
  create table person (
    id text, full_name text, birth_date date,
    created_at timestamp with time zone, updated_at timestamp with time zone
  );
  create table genre_film_work (
    id text, film_work_id text, genre_id text, created_at timestamp with time zone
  );
  create table person_film_work (
    id text, film_work_id text, person_id text, role text, created_at timestamp with time zone
  );
`;

/** Two films, one of which is told in full, with a genre and a person. */
export const oldRows = `
  insert into film_work values
    ('3d825f60-9fff-4dfe-b294-1a45fa1e115d', 'Star Wars', 'The Empire', '1977-05-25', 'PG', 'films/sw.mp4', 8.6,
     'movie', '2021-06-16 20:14:09.221838+00', '2021-06-17 01:00:00+03'),
    ('0312ED51-8833-413f-bff5-0e139c11264a', 'Trek', null, null, null, null, null, null, null, null);
  insert into genre values
    ('120a21cf-9097-479e-904a-13dd7198c1dd', 'Adventure', null, '2021-06-16 20:14:09.310212+00', null);
  insert into person values
    ('26e83050-29ef-4163-a99d-b546cac208f8', 'Mark Hamill', '1951-09-25', '2021-06-16T20:14:09', null);
  insert into genre_film_work values
    ('af4dbba4-1ae9-41bc-8c08-fa5a9b3d1a9b', '3d825f60-9fff-4dfe-b294-1a45fa1e115d',
     '120a21cf-9097-479e-904a-13dd7198c1dd', '2021-06-16 20:14:09+00'),
    ('bf4dbba4-1ae9-41bc-8c08-fa5a9b3d1a9b', '0312ed51-8833-413f-bff5-0e139c11264a',
     '120a21cf-9097-479e-904a-13dd7198c1dd', null);
  insert into person_film_work values
    ('cf4dbba4-1ae9-41bc-8c08-fa5a9b3d1a9b', '3d825f60-9fff-4dfe-b294-1a45fa1e115d',
     '26e83050-29ef-4163-a99d-b546cac208f8', 'actor', '2021-06-16 20:14:09+00');
`;

export interface OldDatabase extends AsyncDisposable {
  readonly path: string;
}

/** A SQLite file made by these statements, gone when disposed. */
export async function oldDatabase(...statements: readonly string[]): Promise<OldDatabase> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'load-'));
  const path = join(folder.path, 'old.sqlite');
  using database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  for (const statement of statements) database.exec(statement);
  return { path, [Symbol.asyncDispose]: () => folder.remove() };
}
