import {
  byteSize,
  hostNames,
  oneOf,
  text,
  trueOrFalse,
  url,
  urls,
  wholeNumber,
  type ValueType,
} from './value-types.ts';

/** The groups in which help and tables show the settings, in this order. */
export const groups = {
  servers: 'Servers',
  identity: 'This projector',
  stream: 'Stream',
  snapshot: 'Snapshot',
  watching: 'Watching it',
  limits: 'Limits',
} as const;

export interface Setting<T = unknown> {
  /** The environment variable. A secret may come as `<env>_FILE` instead, the path of a file that holds it. */
  readonly env: string;
  readonly group: keyof typeof groups;
  readonly type: ValueType<T>;
  /** As it would be written in the environment, or another variable whose value stands in. Neither: required. */
  readonly default?: string | { readonly sameAs: string };
  /** Never printed, and may come from a file. */
  readonly secret?: true;
  /** A value to show where there is no default to show. */
  readonly example?: string;
  /** One line, with the unit where there is one. */
  readonly description: string;
}

/**
 * Every setting there is, by its name in the code. The parsing of the environment, `.env.example`, `--help` and the
 * README's table are all made from this one table.
 */
export const settingsTable = {
  databaseUrl: {
    env: 'DATABASE_URL',
    group: 'servers',
    type: url(['postgres', 'postgresql']),
    secret: true,
    example: 'postgres://projector:password@127.0.0.1:5432/films',
    description: "Postgres primary, as the role that replicates and reads; with libpq's sslmode for TLS",
  },
  adminDatabaseUrl: {
    env: 'ADMIN_DATABASE_URL',
    group: 'servers',
    type: url(['postgres', 'postgresql']),
    default: { sameAs: 'DATABASE_URL' },
    secret: true,
    example: 'postgres://postgres:password@127.0.0.1:5432/films',
    description: "The same database as a role with the table owners' rights, for init and teardown",
  },
  redisUrl: {
    env: 'REDIS_URL',
    group: 'servers',
    type: url(['redis', 'rediss']),
    secret: true,
    example: 'redis://127.0.0.1:6379/0',
    description: 'Redis that keeps the resume point (with appendonly); rediss:// for TLS',
  },
  redisCaFile: {
    env: 'REDIS_CA_FILE',
    group: 'servers',
    type: text('empty, or the path of a PEM file', /^/),
    default: '',
    description: "The CA that signed Redis' certificate; empty: those that Node trusts",
  },
  elasticsearchUrls: {
    env: 'ELASTICSEARCH_URL',
    group: 'servers',
    type: urls(['http', 'https']),
    secret: true,
    example: 'http://127.0.0.1:9200',
    description: 'Elasticsearch nodes of one cluster; may carry user:password; https:// for TLS',
  },
  elasticsearchApiKey: {
    env: 'ELASTICSEARCH_API_KEY',
    group: 'servers',
    type: text('empty, or an API key as Elasticsearch encodes it (base64)', /^[\w+/=-]*$/),
    default: '',
    secret: true,
    description: 'An API key in place of user:password',
  },
  elasticsearchCaFile: {
    env: 'ELASTICSEARCH_CA_FILE',
    group: 'servers',
    type: text('empty, or the path of a PEM file', /^/),
    default: '',
    description: "The CA that signed Elasticsearch's certificates; empty: those that Node trusts",
  },
  definitionsDir: {
    env: 'DEFINITIONS_DIR',
    group: 'identity',
    type: text('a directory', /./),
    default: 'definitions',
    description: 'Directory of the index definitions, one YAML file an index',
  },
  name: {
    env: 'PROJECTOR_NAME',
    group: 'identity',
    type: text('1 to 40 of a-z, 0-9 and _', /^[a-z0-9_]{1,40}$/),
    default: 'projector',
    description: 'Name of this projector; slot, publication and Redis keys derive from it',
  },
  indexPrefix: {
    env: 'INDEX_PREFIX',
    group: 'identity',
    type: text(
      'empty, or at most 64 of a-z, 0-9, ., _ and -, beginning with a letter or digit',
      /^([a-z0-9][a-z0-9._-]{0,63})?$/,
    ),
    default: '',
    description: 'Put before the name of every index and alias',
  },
  shouldDropIndex: {
    env: 'ES_SHOULD_DROP_INDEX',
    group: 'identity',
    type: trueOrFalse(),
    default: 'FALSE',
    description: 'At start, drop the indexes and the resume point, and rebuild',
  },
  resync: {
    env: 'RESYNC',
    group: 'identity',
    type: oneOf(['manual', 'auto']),
    default: 'manual',
    description: 'When the slot is lost or all does not belong together: exit 5, or resync by itself',
  },
  definitionChanged: {
    env: 'DEFINITION_CHANGED',
    group: 'identity',
    type: oneOf(['rebuild', 'keep']),
    default: 'rebuild',
    description: 'When an index was made from another definition: update or rebuild it, or go on by that one',
  },
  logLevel: {
    env: 'LOG_LEVEL',
    group: 'identity',
    type: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    description: 'The least severe log lines to write',
  },
  decoder: {
    env: 'DECODER',
    group: 'stream',
    type: oneOf(['pgoutput', 'wal2json']),
    default: 'pgoutput',
    description: "The slot's output plugin; wal2json (2.5 or newer) where Postgres has it",
  },
  schemaCheckIntervalMs: {
    env: 'SCHEMA_CHECK_INTERVAL_MS',
    group: 'stream',
    type: wholeNumber({ min: 100, max: 3_600_000, unit: 'ms' }),
    default: '10000',
    description: 'Time between two looks at what the stream does not tell of: tables and publication, in ms',
  },
  batchSize: {
    env: 'BATCH_SIZE',
    group: 'stream',
    type: wholeNumber({ min: 1, max: 10_000, unit: 'documents' }),
    default: '500',
    description: 'Documents that one read and one write cover at most',
  },
  debounceQuietMs: {
    env: 'DEBOUNCE_QUIET_MS',
    group: 'stream',
    type: wholeNumber({ min: 0, max: 600_000, unit: 'ms' }),
    default: '0',
    description: 'Time without a further change before a batch leaves, in ms; 0: as soon as there is room',
  },
  debounceMaxWaitMs: {
    env: 'DEBOUNCE_MAX_WAIT_MS',
    group: 'stream',
    type: wholeNumber({ min: 0, max: 600_000, unit: 'ms' }),
    default: '1000',
    description: 'The longest that a change waits for a quiet time, in ms',
  },
  maxInFlight: {
    env: 'MAX_IN_FLIGHT',
    group: 'stream',
    type: wholeNumber({ min: 1, max: 64, unit: 'batches' }),
    default: '4',
    description: 'Batches read and written at once',
  },
  refresh: {
    env: 'REFRESH',
    group: 'stream',
    type: oneOf(['adaptive', 'interval']),
    default: 'adaptive',
    description:
      "When searches see a change: at once where few are written, or by each index's refresh_interval",
  },
  refreshesPerSecond: {
    env: 'REFRESHES_PER_SECOND',
    group: 'stream',
    type: wholeNumber({ min: 1, max: 1_000, unit: 'refreshes' }),
    default: '10',
    description: 'Refreshes a second at most by REFRESH=adaptive, of all indexes together',
  },
  checkpointIntervalMs: {
    env: 'CHECKPOINT_INTERVAL_MS',
    group: 'stream',
    type: wholeNumber({ min: 0, max: 60_000, unit: 'ms' }),
    default: '200',
    description: 'Time between two stores of the resume point, in ms',
  },
  snapshotParallelism: {
    env: 'SNAPSHOT_PARALLELISM',
    group: 'snapshot',
    type: wholeNumber({ min: 1, max: 64, unit: 'chunks' }),
    default: '4',
    description: 'Chunks of a snapshot read and written at once',
  },
  snapshotChunkSize: {
    env: 'SNAPSHOT_CHUNK_SIZE',
    group: 'snapshot',
    type: wholeNumber({ min: 1, max: 100_000, unit: 'documents' }),
    default: '1000',
    description: 'Documents in a chunk',
  },
  snapshotMaxRate: {
    env: 'SNAPSHOT_MAX_RATE',
    group: 'snapshot',
    type: wholeNumber({ min: 0, max: 1_000_000, unit: 'documents per second' }),
    default: '0',
    description: 'The most documents per second that a snapshot writes; 0: no throttle',
  },
  httpHost: {
    env: 'HTTP_HOST',
    group: 'watching',
    type: text('a host name or an IP address', /^[\w.:-]+$/),
    default: '127.0.0.1',
    description: 'Address on which health, metrics and status are served; 0.0.0.0: on every one',
  },
  httpPort: {
    env: 'HTTP_PORT',
    group: 'watching',
    type: wholeNumber({ min: 0, max: 65_535 }),
    default: '9464',
    description: 'Port of the console, /livez, /readyz, /metrics and /status; 0: no HTTP',
  },
  httpNames: {
    env: 'HTTP_NAMES',
    group: 'watching',
    type: hostNames(),
    default: '',
    description: 'Host names by which it is asked beside addresses and names without a dot, commas between',
  },
  consoleToken: {
    env: 'CONSOLE_TOKEN',
    group: 'watching',
    type: text('empty, or 16 or more letters, digits and signs, without spaces', /^([\x21-\x7e]{16,})?$/),
    default: '',
    secret: true,
    description: 'What the console wants before it changes anything; empty: it only shows',
  },
  heartbeatIntervalMs: {
    env: 'HEARTBEAT_INTERVAL_MS',
    group: 'watching',
    type: wholeNumber({ min: 0, max: 3_600_000, unit: 'ms' }),
    default: '5000',
    description: 'Time between two messages through the stream that show its lag, in ms; 0: none',
  },
  bulkBytes: {
    env: 'BULK_BYTES',
    group: 'limits',
    type: byteSize({ min: '1KiB', max: '90MiB' }),
    default: '5MiB',
    description: 'Bytes at which a bulk request to Elasticsearch is cut',
  },
  deadLettersPerMinute: {
    env: 'DEAD_LETTERS_PER_MINUTE',
    group: 'limits',
    type: wholeNumber({ min: 0, max: 1_000_000, unit: 'documents' }),
    default: '100',
    description: 'More documents refused for their content in a minute stop the service; 0: no limit',
  },
  queueBytes: {
    env: 'QUEUE_BYTES',
    group: 'limits',
    type: byteSize({ min: '1KiB', max: '1GiB' }),
    default: '16MiB',
    description: 'Bytes of decoded changes held before the replication socket is paused',
  },
  maxPending: {
    env: 'MAX_PENDING',
    group: 'limits',
    type: wholeNumber({ min: 1, max: 10_000_000, unit: 'ids' }),
    default: '200000',
    description: 'Affected ids held before the replication socket is paused',
  },
  postgresMaxConnections: {
    env: 'POSTGRES_MAX_CONNECTIONS',
    group: 'limits',
    type: wholeNumber({ min: 8, max: 1000, unit: 'connections' }),
    default: '15',
    description: 'Connections to Postgres at most: all but 7 of them read documents',
  },
  requestTimeoutMs: {
    env: 'REQUEST_TIMEOUT_MS',
    group: 'limits',
    type: wholeNumber({ min: 100, max: 600_000, unit: 'ms' }),
    default: '30000',
    description: 'Time after which what a server does not answer is given up and retried, in ms',
  },
  stallTimeoutMs: {
    env: 'STALL_TIMEOUT_MS',
    group: 'limits',
    type: wholeNumber({ min: 0, max: 86_400_000, unit: 'ms' }),
    default: '300000',
    description: 'Time with work to do and nothing moving after which the service ends, in ms; 0: never',
  },
  shutdownTimeoutMs: {
    env: 'SHUTDOWN_TIMEOUT_MS',
    group: 'limits',
    type: wholeNumber({ min: 0, max: 600_000, unit: 'ms' }),
    default: '20000',
    description: 'Time to finish batches under way after SIGTERM before they are left, in ms',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settingsTable;

/** All settings with their keys, in the table's order, typed alike. */
export function listSettings(): (Setting & { readonly key: SettingKey })[] {
  return Object.entries<Setting>(settingsTable).map(([key, setting]) => ({
    ...setting,
    key: key as SettingKey,
  }));
}
