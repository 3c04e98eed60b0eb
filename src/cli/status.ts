import { createCheckpointStore } from '../checkpoint/store.ts';
import { loadDefinitions } from '../definition/load.ts';
import { createDeadLetterIndex } from '../loader/dead-letter-index.ts';
import { readSlot } from '../replication/slot.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { withClient } from '../servers/postgres.ts';
import { createRedis } from '../servers/redis.ts';
import { createPauseStore } from '../service/pauses.ts';
import { createReindexStore, type Reindex } from '../service/reindexes.ts';
import { readStatus, type ServiceStatus } from '../service/status.ts';
import { formatLsn } from '../shared/lsn.ts';
import { createProgressStore, type SnapshotProgress } from '../snapshot/progress.ts';
import type { CommandContext } from './main.ts';

/** Everything that `projector status --json` prints. A part is null where its server does not answer. */
interface StatusReport {
  readonly name: string;
  readonly service: ServiceStatus | null;
  /** Since when it is paused, whether it runs or not. */
  readonly pausedSince: string | null;
  readonly checkpoint: string | null;
  readonly slot: {
    readonly confirmedFlush: string;
    readonly active: boolean;
    readonly lost: boolean;
    readonly retainedBytes: number;
  } | null;
  readonly indexes: Readonly<Record<string, IndexReport>>;
}

interface IndexReport {
  readonly documents: number | null;
  /** Documents that Elasticsearch refuses for their content. */
  readonly deadLetters: number | null;
  readonly snapshot: SnapshotProgress | null;
  /** The last building anew, or that which is under way. */
  readonly reindex: Reindex | null;
}

/** Shows how the service, its slot and its indexes are; exit code 0 when the service runs. */
export async function status({ settings, flags }: CommandContext): Promise<number> {
  const redis = createRedis(settings.redisUrl);
  const elasticsearch = createElasticsearch(settings.elasticsearchUrls, settings.requestTimeoutMs);
  try {
    await redis.connect();
    const service = await readStatus(redis, settings.name);
    if (flags.quiet) return service ? 0 : 1;

    const checkpoint = await createCheckpointStore(redis, settings.name, '').read();
    const slot = await withClient(settings.databaseUrl, 'projector status', (client) =>
      readSlot(client, settings.name),
    ).catch(() => null);
    const progress = createProgressStore(redis, settings.name);
    const reindexes = createReindexStore(redis, settings.name);
    const pausedSince = await createPauseStore(redis, settings.name).read();
    const deadLetters = await createDeadLetterIndex(elasticsearch, {
      name: settings.name,
      prefix: settings.indexPrefix,
    })
      .counts()
      .catch(() => null);
    const indexes: Record<string, IndexReport> = {};
    for (const { spec } of await loadDefinitions(settings.definitionsDir)) {
      const index = `${settings.indexPrefix}${spec.index}`;
      const documents = await elasticsearch.count({ index }).then(
        ({ count }) => count,
        () => null,
      );
      indexes[index] = {
        documents,
        deadLetters: deadLetters && (deadLetters.get(spec.index) ?? 0),
        snapshot: await progress.read(spec.index),
        reindex: await reindexes.read(spec.index),
      };
    }
    const report: StatusReport = {
      name: settings.name,
      service,
      pausedSince,
      checkpoint: checkpoint && formatLsn(checkpoint.lsn),
      slot: slot && {
        confirmedFlush: formatLsn(slot.confirmedFlush),
        active: slot.activePid !== null,
        lost: slot.lost,
        retainedBytes: slot.retainedBytes,
      },
      indexes,
    };
    console.log(flags.json ? JSON.stringify(report, null, 2) : describe(report));
    return service ? 0 : 1;
  } finally {
    redis.disconnect();
    await elasticsearch.close();
  }
}

function describe({ name, service, pausedSince, checkpoint, slot, indexes }: StatusReport): string {
  const waits = Object.entries(service?.waits ?? {}).map(([what, why]) => `waiting    ${what}: ${why}`);
  return [
    `service    ${service ? `${service.state} (pid ${service.pid}, since ${service.startedAt})` : 'not running'}`,
    ...(pausedSince === null ? [] : [`paused     since ${pausedSince} (projector resume)`]),
    ...waits,
    ...(service
      ? [
          `stream     ${service.changes.toLocaleString('en')} changes, ${service.pendingIds} documents to do`,
          `documents  ${service.written.toLocaleString('en')} written, ${service.superseded} superseded, ${service.refused} refused`,
          `memory     ${mebibytes(service.residentBytes)}`,
        ]
      : []),
    `resume     ${checkpoint ?? 'nowhere yet'}`,
    slot
      ? `slot       ${name}: ${slot.lost ? 'LOST' : slot.active ? 'in use' : 'not in use'}, confirmed ${slot.confirmedFlush}, keeps ${mebibytes(slot.retainedBytes)} of WAL`
      : `slot       ${name}: none`,
    ...Object.entries(indexes).map(([index, { documents, deadLetters, snapshot, reindex }]) => {
      const filling =
        snapshot?.state === 'running' ? `, snapshot at ${snapshot.done} of ${snapshot.total}` : '';
      const count = documents === null ? 'not there' : `${documents.toLocaleString('en')} documents`;
      const refused = deadLetters ? `, ${deadLetters.toLocaleString('en')} refused (dead-letters list)` : '';
      const anew = reindex?.state === 'running' ? `, being built anew since ${reindex.startedAt}` : '';
      return `index      ${index}: ${count}${refused}${anew}${filling}`;
    }),
  ].join('\n');
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
