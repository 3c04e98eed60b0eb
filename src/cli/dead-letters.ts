import { createDeadLetterIndex, type DeadLetter, type DeadLetterIndex } from '../loader/dead-letter-index.ts';
import { ProjectorError } from '../ops/errors.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { withHolder } from '../service/holder.ts';
import { formatLsn } from '../shared/lsn.ts';
import { slices } from '../shared/slices.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import { usage } from './help.ts';
import type { CommandContext } from './main.ts';

interface Chosen {
  readonly store: DeadLetterIndex;
  /** Those that the flags and the words mean, in pages. */
  readonly pages: () => AsyncGenerator<readonly DeadLetter[]>;
}

type Action = (context: CommandContext, chosen: Chosen) => Promise<number>;

const actions: Readonly<Record<string, Action>> = { list, show, retry, drop };

/** How many documents the holder of the slot is asked to read, or to forget, at once. */
const AT_ONCE = 500;

/** Shows the documents that Elasticsearch refuses, has them tried again, or forgotten. */
export async function deadLetters(context: CommandContext): Promise<number> {
  const { settings, flags, words } = context;
  const [verb = 'list', ...ids] = words;
  const action = actions[verb];
  if (!action || ids.length !== (verb === 'show' ? 1 : 0))
    throw usage(`dead-letters ${words.join(' ')} is not understood here`);

  const elasticsearch = createElasticsearch(settings, settings.requestTimeoutMs);
  const store = createDeadLetterIndex(elasticsearch, { name: settings.name, prefix: settings.indexPrefix });
  try {
    await chosenIndexes(settings.definitionsDir, flags.index, (await store.counts()).keys());
    const wanted = [...ids, ...flags.id];
    const filter = {
      ...(flags.index.length > 0 && { indexes: flags.index }),
      ...(wanted.length > 0 && { ids: wanted }),
    };
    return await action(context, { store, pages: () => store.pages(filter) });
  } finally {
    await elasticsearch.close();
  }
}

async function list({ flags }: CommandContext, { pages }: Chosen): Promise<number> {
  let count = 0;
  for await (const letters of pages()) {
    for (const letter of letters) {
      if (flags.json) console.log(`${count === 0 ? '[' : ','}\n${JSON.stringify(plain(letter))}`);
      else
        console.log(`${letter.index} ${printable(letter.id)} ${letter.at} ${letter.type}: ${letter.reason}`);
      count++;
    }
  }
  if (flags.json) console.log(count === 0 ? '[]' : ']');
  else console.log(inWords(count));
  return 0;
}

async function show({ flags, words }: CommandContext, { pages }: Chosen): Promise<number> {
  const letters: DeadLetter[] = [];
  for await (const page of pages()) letters.push(...page);
  if (letters.length === 0) {
    throw new ProjectorError(
      'PROJ_DEAD_LETTER_UNKNOWN',
      `there is no dead letter of a document ${words[1] ?? ''}`,
      'See `projector dead-letters list`. What is accepted meanwhile has left by itself.',
    );
  }
  console.log(flags.json ? JSON.stringify(letters.map(plain), null, 2) : letters.map(describe).join('\n\n'));
  return 0;
}

async function retry(context: CommandContext, { store, pages }: Chosen): Promise<number> {
  const letters = await identify(pages());
  const defined = await chosenIndexes(context.settings.definitionsDir, []);
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
    await withHolder(context, async (work) => {
      for (const { of: index, ids } of readings) await work.reread(index, ids);
    });
  }
  let refused = 0;
  for (const { of: physical, ids } of batches(letters, 'physical'))
    refused += (await store.among(physical, ids)).size;
  const settled = letters.length - refused;
  console.log(
    context.flags.json
      ? JSON.stringify({ retried: letters.length, settled, refused })
      : `${inWords(letters.length)}, read again: ${settled} accepted or gone, ${refused} refused again`,
  );
  return refused > 0 || context.stop.aborted ? 1 : 0;
}

async function drop(context: CommandContext, { pages }: Chosen): Promise<number> {
  const { flags, stop } = context;
  const meaning = 'their documents stay absent or old until their rows change';
  if (flags.index.length + flags.id.length === 0 && !flags.yes) {
    throw new ProjectorError(
      'PROJ_USAGE',
      `this forgets all dead letters; ${meaning}`,
      'Choose some by --index or --id, or say so: projector dead-letters drop --yes',
    );
  }
  const letters = await identify(pages());
  const droppings = batches(letters, 'physical');
  if (droppings.length > 0) {
    await withHolder(context, async (work) => {
      for (const { of: physical, ids } of droppings) await work.dropDeadLetters(physical, ids);
    });
  }
  console.log(
    flags.json
      ? JSON.stringify({ dropped: letters.length })
      : `${inWords(letters.length)} forgotten; ${meaning}`,
  );
  return stop.aborted ? 1 : 0;
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

function plain(letter: DeadLetter): Record<string, string | number> {
  return { ...letter, version: formatLsn(letter.version) };
}

function describe({ index, physical, id, version, status, type, reason, at }: DeadLetter): string {
  return [
    `index     ${index} (${physical})`,
    `id        ${printable(id)}`,
    `refused   since ${at}, last as of ${formatLsn(version)}`,
    `by        ${status} ${type}`,
    `reason    ${reason}`,
  ].join('\n');
}

/** On one line, and without what a terminal would obey. */
function printable(id: string): string {
  return JSON.stringify(id).slice(1, -1);
}

function inWords(count: number): string {
  return count === 1 ? '1 dead letter' : `${count === 0 ? 'no' : count.toLocaleString('en')} dead letters`;
}
