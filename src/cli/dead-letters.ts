import { createDeadLetterIndex, type DeadLetter } from '../loader/dead-letter-index.ts';
import { ProjectorError } from '../ops/errors.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { withHolder } from '../service/holder.ts';
import { dropLetters, retryLetters, type LettersOptions } from '../service/letters.ts';
import { formatLsn } from '../shared/lsn.ts';
import { chosenIndexes } from './chosen-indexes.ts';
import { usage } from './help.ts';
import { printable } from './printable.ts';
import type { CommandContext } from './command-line.ts';

type Action = (context: CommandContext, chosen: LettersOptions) => Promise<number>;

const actions: Readonly<Record<string, Action>> = { list, show, retry, drop };

/** Shows the documents that are set aside, has them tried again, or forgotten. */
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
    return await action(context, { store, filter, withHolder: (task) => withHolder(context, task) });
  } finally {
    await elasticsearch.close();
  }
}

async function list({ flags, print }: CommandContext, { store, filter }: LettersOptions): Promise<number> {
  let count = 0;
  for await (const letters of store.pages(filter)) {
    for (const letter of letters) {
      if (flags.json) print(`${count === 0 ? '[' : ','}\n${JSON.stringify(plain(letter))}`);
      else print(`${letter.index} ${printable(letter.id)} ${letter.at} ${letter.type}: ${letter.reason}`);
      count++;
    }
  }
  if (flags.json) print(count === 0 ? '[]' : ']');
  else print(inWords(count));
  return 0;
}

async function show(
  { flags, words, print }: CommandContext,
  { store, filter }: LettersOptions,
): Promise<number> {
  const letters: DeadLetter[] = [];
  for await (const page of store.pages(filter)) letters.push(...page);
  if (letters.length === 0) {
    throw new ProjectorError(
      'PROJ_DEAD_LETTER_UNKNOWN',
      `there is no dead letter of a document ${printable(words[1] ?? '')}`,
      'See `projector dead-letters list`. What is accepted meanwhile has left by itself.',
    );
  }
  print(flags.json ? JSON.stringify(letters.map(plain), null, 2) : letters.map(describe).join('\n\n'));
  return 0;
}

async function retry(
  { settings, flags, stop, print }: CommandContext,
  chosen: LettersOptions,
): Promise<number> {
  const { retried, settled, refused } = await retryLetters(chosen, settings.definitionsDir);
  print(
    flags.json
      ? JSON.stringify({ retried, settled, refused })
      : `${inWords(retried)}, read again: ${settled} accepted or gone, ${refused} refused again`,
  );
  return refused > 0 || stop.aborted ? 1 : 0;
}

async function drop({ flags, stop, print }: CommandContext, chosen: LettersOptions): Promise<number> {
  const meaning = 'their documents stay absent or old until their rows change';
  if (flags.index.length + flags.id.length === 0 && !flags.yes) {
    throw new ProjectorError(
      'PROJ_USAGE',
      `this forgets all dead letters; ${meaning}`,
      'Choose some by --index or --id, or say so: projector dead-letters drop --yes',
    );
  }
  const dropped = await dropLetters(chosen);
  print(flags.json ? JSON.stringify({ dropped }) : `${inWords(dropped)} forgotten; ${meaning}`);
  return stop.aborted ? 1 : 0;
}

function plain(letter: DeadLetter): Record<string, string | number> {
  return { ...letter, version: formatLsn(letter.version) };
}

function describe({ index, physical, id, version, status, type, reason, at }: DeadLetter): string {
  return [
    `index     ${index} (${physical})`,
    `id        ${printable(id)}`,
    `refused   since ${at}, last as of ${formatLsn(version)}`,
    `by        ${status === 0 ? '' : `${status} `}${type}`,
    `reason    ${reason}`,
  ].join('\n');
}

function inWords(count: number): string {
  return count === 1 ? '1 dead letter' : `${count === 0 ? 'no' : count.toLocaleString('en')} dead letters`;
}
