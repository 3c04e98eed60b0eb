import type { Client } from 'pg';

/** Kinds of changes, each a row in a transaction of its own. */
export type BacklogKind = 'mixed' | 'retitled';

export interface Backlog {
  /** Transactions that changed a row. */
  readonly transactions: number;
  /** Documents that they touch, one that several of them touch as often as that. */
  readonly documents: number;
}

/** Of twenty transactions on the average, in an order by chance. */
const shares: Readonly<Record<BacklogKind, string>> = {
  mixed: `'{title,title,title,title,title,title,rating,rating,rating,rating,person,person,person,person,
    link,link,link,unlink,unlink,genre}'`,
  retitled: `'{title}'`,
};

/**
 * Commits so many transactions of one row each: films retitled and rated, persons renamed, persons linked to films and
 * their links deleted, genres given to films; or films retitled alone. Another round changes others.
 */
export async function commitBacklog(
  client: Client,
  kind: BacklogKind,
  { transactions, round }: { readonly transactions: number; readonly round: number },
): Promise<Backlog> {
  const some = (table: string): string =>
    `array(select id from content.${table} order by md5(id::text || ${round}) limit ${transactions})`;
  await client.query(`
    do $$
    declare
      kinds text[] := ${shares[kind]};
      films uuid[] := ${some('film_work')};
      persons uuid[] := ${some('person')};
      links uuid[] := ${some('person_film_work')};
      genres uuid[] := ${some('genre')};
      one_film uuid;
      one_person uuid;
      kind text;
      changed int;
      touched int;
      transactions int := 0;
      documents int := 0;
    begin
      for i in 1..${transactions} loop
        kind := kinds[1 + abs(hashint4(i)::bigint) % cardinality(kinds)];
        one_film := films[1 + i % cardinality(films)];
        one_person := persons[1 + i % cardinality(persons)];
        touched := 1;
        case kind
          when 'title' then
            update content.film_work set title = 'Retitled ' || i || ' in round ${round}' where id = one_film;
          when 'rating' then
            update content.film_work set rating = (coalesce(rating, 0)::numeric * 10 + 7)::int % 100 / 10.0 where id = one_film;
          when 'person' then
            touched := (select count(distinct film_work_id) from content.person_film_work where person_id = one_person);
            update content.person set full_name = 'Renamed ' || i || ' in round ${round}' where id = one_person;
          when 'link' then
            insert into content.person_film_work (film_work_id, person_id, role) values (one_film, one_person, 'actor')
              on conflict do nothing;
          when 'unlink' then
            delete from content.person_film_work where id = links[1 + i % cardinality(links)];
          when 'genre' then
            insert into content.genre_film_work (film_work_id, genre_id)
              values (one_film, genres[1 + i % cardinality(genres)]) on conflict do nothing;
        end case;
        get diagnostics changed = row_count;
        commit;
        transactions := transactions + changed;
        documents := documents + changed * touched;
      end loop;
      perform set_config('bench.transactions', transactions::text, false);
      perform set_config('bench.documents', documents::text, false);
    end
    $$`);
  const { rows } = await client.query<Backlog>(`
    select current_setting('bench.transactions')::int as transactions,
           current_setting('bench.documents')::int as documents`);
  const [backlog] = rows;
  if (!backlog) throw new Error('there is no backlog');
  return backlog;
}
