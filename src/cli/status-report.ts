import type { Settings } from '../config/settings.ts';
import { createCheckpointStore } from '../checkpoint/store.ts';
import { loadDefinitions } from '../definition/load.ts';
import { createDeadLetterIndex } from '../loader/dead-letter-index.ts';
import { describeLoss, readSlot } from '../replication/slot.ts';
import { createElasticsearch, orIfAbsent } from '../servers/elasticsearch.ts';
import { describeError, serverNames, type ServerName } from '../servers/named-errors.ts';
import { withClient } from '../servers/postgres.ts';
import { createRedis } from '../servers/redis.ts';
import { createPauseStore } from '../service/pauses.ts';
import { createReindexStore, type Reindex } from '../service/reindexes.ts';
import { readStatus, type ServiceStatus } from '../service/status.ts';
import { formatLsn } from '../shared/lsn.ts';
import { createProgressStore, type SnapshotProgress } from '../snapshot/progress.ts';

/** Everything that `projector status --json` prints. A part is null where its server does not answer: see `notKnown`. */
export interface StatusReport {
  readonly name: string;
  /** What the service says of itself (docs/status.schema.json); null where none runs. */
  readonly service: ServiceStatus | null;
  /** Since when it is paused, whether it runs or not. */
  readonly pausedSince: string | null;
  readonly checkpoint: string | null;
  readonly slot: {
    readonly confirmedFlush: string;
    readonly active: boolean;
    readonly lost: boolean;
    /** Why it is lost, with the limit that it was lost by; null where it is not. */
    readonly loss: string | null;
    readonly retainedBytes: number;
  } | null;
  readonly indexes: Readonly<Record<string, IndexReport>>;
  /** What each server that does not answer this command says instead. */
  readonly unreachable: Readonly<Partial<Record<ServerName, string>>>;
  /** The parts that are null, or lack something, because their server does not answer: they are not known. */
  readonly notKnown: readonly string[];
}

/** What comes from which server. */
const partsOf: Readonly<Record<ServerName, readonly string[]>> = {
  postgres: ['slot'],
  redis: ['service', 'pausedSince', 'checkpoint', 'indexes.*.snapshot', 'indexes.*.reindex'],
  elasticsearch: ['indexes.*.documents', 'indexes.*.deadLetters'],
};

export interface IndexReport {
  /** Null where there is no such index, unless Elasticsearch does not answer. */
  readonly documents: number | null;
  /** Documents that Elasticsearch refuses for their content. */
  readonly deadLetters: number | null;
  readonly snapshot: SnapshotProgress | null;
  /** The last building anew, or that which is under way. */
  readonly reindex: Reindex | null;
}

/** Reads how the service, its slot and its indexes are, again and again. */
export interface StatusReader extends AsyncDisposable {
  /** Whether the service runs, as far as Redis tells. */
  isRunning(): Promise<boolean>;
  read(): Promise<StatusReport>;
}

/** Who looks does not wait for as long as the service does. */
const MOST_PATIENT_MS = 5_000;

export function openStatusReader(settings: Settings): StatusReader {
  const timeoutMs = Math.min(settings.requestTimeoutMs, MOST_PATIENT_MS);
  const { name, indexPrefix } = settings;
  const redis = createRedis(settings, timeoutMs);
  const elasticsearch = createElasticsearch(settings, timeoutMs);
  const checkpoints = createCheckpointStore(redis, name, '');
  const progress = createProgressStore(redis, name);
  const pauses = createPauseStore(redis, name);
  const reindexes = createReindexStore(redis, name);
  const deadLetterIndex = createDeadLetterIndex(elasticsearch, { name, prefix: indexPrefix });
  /** Connects where that has not been done; later the connection mends itself. */
  const service = async (): Promise<ServiceStatus | null> => {
    if (redis.status === 'wait') await redis.connect();
    return readStatus(redis, name);
  };

  return {
    isRunning: () => service().then(Boolean, () => false),

    async read() {
      const unreachable: Partial<Record<ServerName, string>> = {};
      const orNull = async <T>(server: ServerName, work: () => Promise<T>): Promise<T | null> => {
        if (unreachable[server] !== undefined) return null;
        return work().catch((error: unknown) => {
          unreachable[server] = describeError(error);
          return null;
        });
      };
      const definitions = await loadDefinitions(settings.definitionsDir);
      const [running, slot, letters] = await Promise.all([
        orNull('redis', service),
        orNull('postgres', () =>
          withClient(settings.databaseUrl, 'projector status', (client) => readSlot(client, name), timeoutMs),
        ),
        orNull('elasticsearch', () => deadLetterIndex.counts()),
      ]);
      const checkpoint = await orNull('redis', () => checkpoints.read());
      const pausedSince = await orNull('redis', () => pauses.read());
      const describeIndex = async (index: string): Promise<IndexReport> => ({
        // An index that is not there yet is no fault of the server's.
        documents: await orNull('elasticsearch', () =>
          orIfAbsent(
            async () => (await elasticsearch.count({ index: `${indexPrefix}${index}` })).count,
            null,
          ),
        ),
        deadLetters: letters && (letters.get(index) ?? 0),
        snapshot: await orNull('redis', () => progress.read(index)),
        reindex: await orNull('redis', () => reindexes.read(index)),
      });
      const indexes = await Promise.all(
        definitions.map(
          async ({ spec }) => [`${indexPrefix}${spec.index}`, await describeIndex(spec.index)] as const,
        ),
      );
      return {
        name,
        service: running,
        pausedSince,
        checkpoint: checkpoint && formatLsn(checkpoint.lsn),
        slot: slot && {
          confirmedFlush: formatLsn(slot.confirmedFlush),
          active: slot.activePid !== null,
          lost: slot.lost,
          loss: slot.lost ? describeLoss(slot) : null,
          retainedBytes: slot.retainedBytes,
        },
        indexes: Object.fromEntries(indexes),
        unreachable,
        notKnown: serverNames.filter((server) => server in unreachable).flatMap((server) => partsOf[server]),
      };
    },

    [Symbol.asyncDispose]: async () => {
      redis.disconnect();
      await elasticsearch.close();
    },
  };
}
