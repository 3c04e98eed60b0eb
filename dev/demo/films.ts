import { generatedFilms } from '../load/generated-films.ts';
import { realFilms } from '../load/real-films.ts';
import type { Batch } from '../load/rows.ts';

/** As many films as the catalogue has that the demo plays. */
export const demoFilmCount = 36_000;

const seed = 1;

/** The real films, then invented ones up to the number; always the same ones. */
export async function* demoFilms(total = demoFilmCount): AsyncGenerator<Batch> {
  let real = 0;
  for await (const batch of realFilms()) {
    real += batch.film_work.length;
    yield batch;
  }
  yield* generatedFilms({ films: total - real, seed });
}
