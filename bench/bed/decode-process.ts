import { createHistory } from '../../src/checkpoint/history.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { createDebouncer } from '../../src/debouncer/debouncer.ts';
import { createFloor } from '../../src/debouncer/floor.ts';
import { preparePlan } from '../../src/definition/prepare.ts';
import { createChangeTally } from '../../src/ops/change-tally.ts';
import { createGate, parseSnapshot } from '../../src/replication/gate.ts';
import { createPgoutputDecoder } from '../../src/replication/pgoutput.ts';
import { openStream } from '../../src/replication/stream.ts';
import { createRouter } from '../../src/router/router.ts';
import { withClient } from '../../src/servers/postgres.ts';
import { createDispatcher } from '../../src/service/dispatcher.ts';
import { createFanOut } from '../../src/service/fan-out.ts';
import { pump } from '../../src/service/pump.ts';
import { parseLsn } from '../../src/shared/lsn.ts';
import { answerParent } from './child.ts';
import type { DecodeOrder, DecodeResult } from './decode.ts';

/** The service's own stages from the slot to the batches; what would read and write a batch does nothing. */

const WALSENDER_TIMEOUT_MS = 60_000;

answerParent((order) => decode(order as DecodeOrder));

async function decode({ env, slot, ...order }: DecodeOrder): Promise<DecodeResult> {
  const settings = loadSettings(env);
  const { databaseUrl, maxPending } = settings;
  const until = parseLsn(order.until);
  return withClient(databaseUrl, 'projector bench', async (client) => {
    const query = async (text: string, values: readonly unknown[]): Promise<string[][]> =>
      (await client.query<string[]>({ text, values: [...values], rowMode: 'array' })).rows;
    const scalar = async (sql: string): Promise<string> => (await query(sql, []))[0]?.[0] ?? '';
    const plan = await preparePlan(client, settings.definitionsDir);
    const from = parseLsn(
      await scalar(`select confirmed_flush_lsn::text from pg_replication_slots where slot_name = '${slot}'`),
    );
    const done = new AbortController();
    const { signal } = done;
    const router = createRouter(plan);
    const now = (): number => performance.now();
    const startedMs = now();
    await using stream = await openStream({
      databaseUrl,
      slot,
      decoder: createPgoutputDecoder({ publication: settings.name, track: (table) => router.track(table) }),
      from,
      queueBytes: settings.queueBytes,
      walSenderTimeoutMs: WALSENDER_TIMEOUT_MS,
      silenceMs: WALSENDER_TIMEOUT_MS,
    });
    const durable = { lsn: from, lastCommit: null };
    const floor = createFloor(durable);
    const debouncer = createDebouncer({
      indexes: plan.indexes.map(({ name }) => name),
      batchSize: settings.batchSize,
      maxInFlight: settings.maxInFlight,
      quietMs: settings.debounceQuietMs,
      maxWaitMs: settings.debounceMaxWaitMs,
      floor,
    });
    const result = { changes: 0, documents: 0 };
    const onFailure = (error: unknown): void => done.abort(error);
    const dispatcher = createDispatcher({
      debouncer,
      maxInFlight: settings.maxInFlight,
      project({ ids }) {
        result.documents += ids.length;
        return Promise.resolve();
      },
      onFailure,
      now,
    });
    const nothing = async function* (): AsyncGenerator<readonly string[]> {
      // No backlog of this benchmark truncates.
    };
    const enough = new Error('all of it has come by');
    await pump({
      stream,
      gate: createGate({
        takeSnapshot: async () => parseSnapshot(await scalar('select pg_current_snapshot()::text')),
        onWait: () => undefined,
        signal,
      }),
      router,
      debouncer,
      floor,
      dispatcher,
      fanOut: createFanOut({
        router,
        debouncer,
        floor,
        dispatcher,
        query,
        maxPending,
        onFailure,
        now,
        signal,
      }),
      rowIds: nothing,
      documentIds: nothing,
      onUntold: () => undefined,
      durable,
      history: createHistory({ from, durable }),
      onSettled: () => undefined,
      onCovered: (lsn) => {
        if (lsn >= until) done.abort(enough);
      },
      onChanges: (count) => {
        result.changes += count;
      },
      tally: createChangeTally(),
      maxPending,
      now,
      signal,
    }).catch((error: unknown) => {
      if (error !== enough) throw error;
    });
    return { ...result, seconds: (now() - startedMs) / 1000 };
  });
}
