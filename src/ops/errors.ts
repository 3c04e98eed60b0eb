/**
 * Every error a person can meet has a stable code. This table is both the definition and the documentation of each
 * one: `exit` is the process's exit code (2 configuration, 3 preflight, 5 resync required, 6 slot held by another,
 * 1 anything else). Codes are never reused.
 */
export const errorCodes = {
  PROJ_USAGE: { exit: 2, meaning: 'The command line cannot be understood.' },
  PROJ_SETTINGS_INVALID: {
    exit: 2,
    meaning: 'One or more settings are missing or malformed; all are listed.',
  },
  PROJ_HTTP_ADDRESS: { exit: 2, meaning: 'HTTP_HOST and HTTP_PORT cannot be listened on.' },
  PROJ_DEFINITION_INVALID: { exit: 2, meaning: 'A definition file is not valid; file and line are given.' },
  PROJ_DEFINITION_UNKNOWN_NAME: {
    exit: 2,
    meaning: 'A definition names a table, column or relation that the database does not have.',
  },
  PROJ_DEFINITION_AMBIGUOUS: {
    exit: 2,
    meaning: 'Several foreign keys fit a relation; `via` must choose one.',
  },
  PROJ_DEFINITION_EXPRESSION: {
    exit: 2,
    meaning: 'An expression or condition is not immutable over its own row, or not valid SQL.',
  },
  PROJ_DEFINITION_TABLE: {
    exit: 3,
    meaning:
      'A definition reads a table that has no key, whose changes are not in the stream, or whose rows may be hidden.',
  },
  PROJ_PREFLIGHT: {
    exit: 3,
    meaning: 'The servers are not set up as the service needs them; the SQL is printed.',
  },
  PROJ_TLS: {
    exit: 2,
    meaning: 'TLS to a server does not come about: its certificate is not trusted, or it speaks no TLS.',
  },
  PROJ_ACCESS_DENIED: {
    exit: 2,
    meaning: 'A server does not accept the user, password or API key, or they lack a right.',
  },
  PROJ_WRONG_SERVER: {
    exit: 2,
    meaning:
      'At the address of a server something else answers, or one that the service cannot use: a login page, a pooler, a cluster, no such database.',
  },
  PROJ_REDIS_KEY: {
    exit: 1,
    meaning: 'Redis keeps something under a key of the service that this version of it has not put there.',
  },
  PROJ_OTHER_VERSION: {
    exit: 1,
    meaning:
      'The service was asked for something by a command of another version, and does not understand it.',
  },
  PROJ_SERVER_UNAVAILABLE: {
    exit: 1,
    meaning: 'A server is not there or not ready, and the command does not wait for it.',
  },
  PROJ_RESYNC_REQUIRED: {
    exit: 5,
    meaning: 'The resume point, the slot, the database and the indexes do not belong together any more.',
  },
  PROJ_CHECKPOINT_INVALID: {
    exit: 1,
    meaning: 'Redis keeps something that is no resume point under its key.',
  },
  PROJ_NAME_TAKEN: {
    exit: 3,
    meaning:
      'Another projector, of another database, has this PROJECTOR_NAME: its slot, its Redis keys or its indexes.',
  },
  PROJ_SLOT_BUSY: { exit: 6, meaning: 'Another process holds the replication slot.' },
  PROJ_OWNERSHIP_LOST: { exit: 6, meaning: 'Another process has become the holder of the slot meanwhile.' },
  PROJ_INDEX_FOREIGN: {
    exit: 3,
    meaning: 'The name of an index of ours stands for an index of somebody else, or of another projector.',
  },
  PROJ_INDEX_REFUSED: {
    exit: 2,
    meaning:
      "Elasticsearch refuses a definition's settings or mappings, or an index template of the cluster is in the way.",
  },
  PROJ_SHARD_LIMIT: { exit: 1, meaning: 'The cluster has no room for the shards of another index.' },
  PROJ_SOURCE_DISABLED: {
    exit: 2,
    meaning: 'An index that is to be verified does not keep `_source`: there is nothing to compare.',
  },
  PROJ_INDEX_MISSING: { exit: 1, meaning: 'A physical index or its write alias is gone.' },
  PROJ_QUERY_REFUSED: {
    exit: 1,
    meaning:
      'Postgres refuses a query that it has planned before, or cannot give a key: a right is gone, for instance.',
  },
  PROJ_DOCUMENTS_UNPROVED: {
    exit: 1,
    meaning: 'Texts that Postgres gave as documents cannot be proved to be those of their keys.',
  },
  PROJ_STALLED: {
    exit: 1,
    meaning: 'There is work to do, nothing moves, and nothing is known to be waited for.',
  },
  PROJ_TOO_MANY_DEAD_LETTERS: {
    exit: 1,
    meaning:
      'More documents were refused for their content within a minute than DEAD_LETTERS_PER_MINUTE allows.',
  },
  PROJ_TEARDOWN_INCOMPLETE: {
    exit: 1,
    meaning: 'Something could not be removed by teardown for want of a right; the SQL for it is printed.',
  },
  PROJ_DEAD_LETTER_UNKNOWN: {
    exit: 1,
    meaning: 'There is no dead letter of the document that is asked for.',
  },
  PROJ_SERVICE_ENDED: {
    exit: 1,
    meaning: 'The service that was asked for something ended before it was done.',
  },
  PROJ_DEFINITION_CHANGED: {
    exit: 3,
    meaning:
      'A definition has changed, and with DEFINITION_CHANGED=keep its index cannot go on by the one it was made from.',
  },
  PROJ_WHERE_INVALID: {
    exit: 2,
    meaning: "The condition of `snapshot --where` is not one over the columns of the index's root table.",
  },
  PROJ_REINDEX_REFUSED: {
    exit: 1,
    meaning: 'A reindex cannot be begun or cancelled as things are; the reason is given.',
  },
  PROJ_REINDEX_ENDED: {
    exit: 1,
    meaning:
      'A reindex has ended before the new index served: it was cancelled, or the counts did not agree.',
  },
  PROJ_PAUSED: { exit: 1, meaning: 'What is asked for needs the stream, and the service is paused.' },
  PROJ_HTTP_REFUSED: {
    exit: 1,
    meaning: 'A request by HTTP came by a name that is not ours, from a page of another site, or as no JSON.',
  },
  PROJ_CONSOLE_TOKEN: {
    exit: 1,
    meaning: 'The console was asked for what needs the token of CONSOLE_TOKEN, without it or with another.',
  },
  PROJ_CONSOLE_READ_ONLY: {
    exit: 1,
    meaning: 'The console was asked to change something, and there is no CONSOLE_TOKEN.',
  },
  PROJ_INTERNAL: { exit: 1, meaning: 'A fault of the service itself.' },
} as const satisfies Record<string, { exit: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** An error with a stable code, one line of cause and one line of fix. Permanent: retrying does not help. */
export class ProjectorError extends Error {
  override readonly name = 'ProjectorError';
  readonly code: ErrorCode;
  readonly fix: string;

  constructor(code: ErrorCode, message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fix = fix;
  }

  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}
