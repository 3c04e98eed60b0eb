import { loadDefinitions } from '../definition/load.ts';
import type { DeadLetter, DeadLetterFilter, DeadLetterIndex } from '../loader/dead-letter-index.ts';
import { ProjectorError } from '../ops/errors.ts';
import { slices } from '../shared/slices.ts';
import type { HolderWork } from './work.ts';

/** How to come by the dead letters, and by whoever may change them. */
export interface LettersOptions {
  readonly store: DeadLetterIndex;
  /** Which are meant. */
  readonly filter: DeadLetterFilter;
  /** Does something with the help of the slot's holder. */
  readonly withHolder: (task: (work: HolderWork) => Promise<void>) => Promise<void>;
}

/** How many letters were tried, and what became of them. */
export interface Retried {
  readonly retried: number;
  /** Accepted, or gone with their rows. */
  readonly settled: number;
  readonly refused: number;
}

/** How many documents the holder of the slot is asked to read, or to forget, at once. */
const AT_ONCE = 500;

/**
 * Has the documents read again that Elasticsearch refuses, and written.
 *
 * @throws ProjectorError `PROJ_USAGE` where there is no definition any more by which to read one.
 */
export async function retryLetters(
  { store, filter, withHolder }: LettersOptions,
  definitionsDir: string,
): Promise<Retried> {
  const letters = await identify(store.pages(filter));
  const defined = (await loadDefinitions(definitionsDir)).map(({ spec }) => spec.index);
  for (const index of new Set(letters.map((letter) => letter.index))) {
    if (defined.includes(index)) continue;
    throw new ProjectorError(
      'PROJ_USAGE',
      `the index ${index} has no definition any more, by which to read its documents`,
      'Choose others by --index, or drop its dead letters.',
    );
  }
  const readings = batches(letters, 'index');
  if (readings.length > 0) {
    await withHolder(async (work) => {
      for (const { of: index, ids } of readings) await work.reread(index, ids);
    });
  }
  let refused = 0;
  for (const { of: physical, ids } of batches(letters, 'physical'))
    refused += (await store.among(physical, ids)).size;
  return { retried: letters.length, settled: letters.length - refused, refused };
}

/** Has dead letters forgotten, and gives how many. */
export async function dropLetters({ store, filter, withHolder }: LettersOptions): Promise<number> {
  const letters = await identify(store.pages(filter));
  const droppings = batches(letters, 'physical');
  if (droppings.length > 0) {
    await withHolder(async (work) => {
      for (const { of: physical, ids } of droppings) await work.dropDeadLetters(physical, ids);
    });
  }
  return letters.length;
}

type Identified = Pick<DeadLetter, 'index' | 'physical' | 'id'>;

async function identify(pages: AsyncIterable<readonly DeadLetter[]>): Promise<Identified[]> {
  const identified: Identified[] = [];
  for await (const letters of pages)
    identified.push(...letters.map(({ index, physical, id }) => ({ index, physical, id })));
  return identified;
}

/** The ids by their index or physical index, no more at once than the holder is asked for. */
function batches(letters: readonly Identified[], by: 'index' | 'physical'): { of: string; ids: string[] }[] {
  const grouped = Map.groupBy(letters, (letter) => letter[by]);
  return [...grouped].flatMap(([of, members]) => {
    const ids = [...new Set(members.map(({ id }) => id))];
    return [...slices(ids, AT_ONCE)].map((some) => ({ of, ids: [...some] }));
  });
}
