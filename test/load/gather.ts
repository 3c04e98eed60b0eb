import type { Batch } from '../../dev/load/rows.ts';

/** All rows of all batches, a row that comes again once. */
export async function gather(batches: AsyncIterable<Batch>): Promise<Batch> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return {
    genre: byId(all.flatMap(({ genre }) => genre)),
    person: byId(all.flatMap(({ person }) => person)),
    film_work: byId(all.flatMap(({ film_work }) => film_work)),
    genre_film_work: byId(all.flatMap(({ genre_film_work }) => genre_film_work)),
    person_film_work: byId(all.flatMap(({ person_film_work }) => person_film_work)),
  };
}

function byId<R extends { readonly id: string }>(rows: readonly R[]): R[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}
