import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Settings } from '../config/settings.ts';
import { createDeadLetterIndex, type DeadLetter } from '../loader/dead-letter-index.ts';
import { assertOpen, createAccess } from '../ops/access.ts';
import { consoleFiles } from '../ops/console-files.ts';
import { ProjectorError } from '../ops/errors.ts';
import { json, type Routes } from '../ops/http.ts';
import type { Logger } from '../ops/log.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { asKnown } from '../servers/known-error.ts';
import { describeError } from '../servers/named-errors.ts';
import type { Redis } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import { whereverItRuns } from './holder.ts';
import { dropLetters, retryLetters, type LettersOptions } from './letters.ts';
import { createPauseStore, type PauseStore } from './pauses.ts';
import { askService } from './requests.ts';

export interface ConsoleOptions {
  readonly settings: Settings;
  readonly log: Logger;
}

/** The live console: its page, what the page shows beside the status, and what may be done from it. */
export interface Console extends AsyncDisposable {
  readonly reads: Routes;
  readonly actions: Routes;
}

/** So many dead letters are shown, the newest. */
const LETTERS_SHOWN = 100;
/** Who looks does not wait for as long as the service does. */
const READ_TIMEOUT_MS = 5_000;
/** What takes longer goes on, and nobody waits for it. */
const ACTION_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 2_000;

const ids = z.array(z.string()).min(1).max(LETTERS_SHOWN);
const retrySchema = z.strictObject({ index: z.string().exactOptional(), ids: ids.exactOptional() });
/** Nobody forgets all by leaving something out. */
const dropSchema = z.strictObject({ index: z.string(), ids });
const nothingSchema = z.strictObject({});

/**
 * Whoever reads needs no token, and is not told the ids of documents, which are values of rows. What changes something
 * needs it, and goes the way of the commands: through Redis, to whoever holds the slot (invariant 4).
 */
export function openConsole({ settings, log }: ConsoleOptions): Console {
  const access = createAccess(settings.consoleToken);
  const elasticsearch = createElasticsearch(settings, READ_TIMEOUT_MS);
  const { name, indexPrefix } = settings;
  const store = createDeadLetterIndex(elasticsearch, { name, prefix: indexPrefix });
  const closing = new AbortController();

  const { signal } = closing;
  const whereItRuns = (work: (redis: Redis, retry: Retry) => Promise<void>): Promise<void> =>
    whereverItRuns(
      { settings, log, stop: signal },
      { running: work, alone: () => Promise.reject(noHolder()) },
    );

  /** An action of the console. What takes too long is not waited for, and goes on. */
  const action =
    <T>(what: string, schema: z.ZodType<T>, work: (asked: T) => Promise<object>): Routes[string] =>
    async (request) => {
      assertOpen(access(request.headers.authorization));
      const asked = schema.safeParse(await request.json());
      if (!asked.success) throw notUnderstood(z.prettifyError(asked.error));
      log.info({ what }, 'asked for at the console');
      const doing = work(asked.data).catch((error: unknown) => {
        throw asKnown(error) ?? error;
      });
      const done = await Promise.race([doing, delay(ACTION_TIMEOUT_MS, null, { ref: false })]);
      if (done) return json({ isDone: true, ...done });
      doing.catch((error: unknown) =>
        log.warn({ what, error: describeError(error) }, 'what was asked for at the console has failed'),
      );
      return json({ isDone: false }, 202);
    };

  const chosen = ({ index, ids: some }: z.output<typeof retrySchema>): LettersOptions => ({
    store,
    filter: { ...(index !== undefined && { indexes: [index] }), ...(some && { ids: some }) },
    withHolder: (task) => whereItRuns((redis, retry) => task(askService({ redis, name, retry, signal }))),
  });
  const pauses = (set: (store: PauseStore) => Promise<void>) => async (): Promise<object> => {
    await whereItRuns((redis, retry) => retry(() => set(createPauseStore(redis, name))));
    return {};
  };

  return {
    reads: {
      ...consoleFiles(),
      '/console/access': ({ headers }) => json({ access: access(headers.authorization) }),
      '/dead-letters': async ({ headers }) => {
        const isOpen = access(headers.authorization) === 'open';
        const found = await firstOf(store.pages({})).catch((error: unknown) => {
          throw asKnown(error) ?? error;
        });
        const letters = found.slice(0, LETTERS_SHOWN);
        return json({ letters: letters.map((letter) => describe(letter, isOpen)) });
      },
    },
    actions: {
      '/dead-letters/retry': action('retry dead letters', retrySchema, (asked) =>
        retryLetters(chosen(asked), settings.definitionsDir),
      ),
      '/dead-letters/drop': action('drop dead letters', dropSchema, async (asked) => ({
        dropped: await dropLetters(chosen(asked)),
      })),
      '/pause': action(
        'pause',
        nothingSchema,
        pauses((store) => store.pause(new Date())),
      ),
      '/resume': action(
        'resume',
        nothingSchema,
        pauses((store) => store.resume()),
      ),
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await Promise.race([elasticsearch.close(), delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}

async function firstOf<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  for await (const page of pages) return page;
  return [];
}

function describe({ index, id, type, reason, at }: DeadLetter, isOpen: boolean): object {
  return { index, id: isOpen ? id : null, type, reason, at };
}

function noHolder(): ProjectorError {
  return new ProjectorError(
    'PROJ_SERVICE_ENDED',
    'no service holds the slot now that could do it',
    'Wait until one streams, or use the command line.',
  );
}

function notUnderstood(why: string): ProjectorError {
  return new ProjectorError('PROJ_USAGE', why, 'See docs/watching.md.');
}
