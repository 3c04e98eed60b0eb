import { errorCodes, ProjectorError } from '../ops/errors.ts';
import { renderHelp } from '../config/render.ts';

const summaries = {
  check: 'Say whether definitions, Postgres, Redis and Elasticsearch are ready, changing nothing',
  init: "Prepare Postgres (publication, replica identities) with the tables' owner's rights",
  run: 'Follow Postgres; creates and fills what is missing first',
  snapshot: 'Write every document anew, while the service runs or without it',
  reindex: 'Build indexes anew beside those that serve, which nobody notices; or give it up',
  resync: 'Make a new slot and new indexes, when what is there does not belong together any more',
  pause: 'Have the service hold the slot and do nothing, until it is resumed',
  resume: 'Let a paused service go on',
  'dead-letters': 'Show the documents that are refused or cannot be made, try them again, or forget them',
  status: 'Show how the service, its slot and its indexes are',
  verify: 'Compare every document with its rows, and mend what differs with --repair',
  teardown: 'Remove the slot, the publication, the indexes and all that is kept in Redis',
} as const;

export type CommandName = keyof typeof summaries;

const details: Readonly<Record<CommandName, string>> = {
  check: `projector check

Compiles the definitions against the live database, and lists every problem with the statement that mends it. Then says
of each index what a start would do: go on, build it, take a compatible change while it serves, or build it anew beside it.
Exit codes: 0 ready, 1 a server is away, 2 settings, definitions or the wrong server, 3 Postgres is not set up, or the
name or an index is another's, 5 a start would require a resync: the slot is lost, for instance.`,
  init: `projector init

Creates the publication and sets replica identities, as ADMIN_DATABASE_URL's role (the owner of the tables; it needs
CREATE on the database). Run it again after a definition has come to read another table. It does nothing twice.`,
  run: `projector run [--standby]

Follows the slot until SIGTERM or Ctrl-C, which finish what is under way, store the resume point, and exit 0.
It waits for a server that is away as long as that takes. Other commands give up within a minute, but for snapshot and
reindex through a running service, which wait with it.
Meanwhile it answers by HTTP, at HTTP_HOST:HTTP_PORT: / (the console), /livez, /readyz, /metrics and /status. On an
empty system it creates the slot and the indexes, snapshots while it streams, and moves each alias when its index is
complete. An index whose definition has changed takes the change while it serves, or is built anew beside it
(docs/changes.md); with DEFINITION_CHANGED=keep it goes on by the definition it was made from.
With --standby it waits while another process holds the slot, and takes over when that one ends or falls silent.
Exit codes: 2 settings or definitions, 3 Postgres is not set up, 5 resync required, 6 the slot is held by another.`,
  snapshot: `projector snapshot [--index NAME]…
projector snapshot --index NAME --where CONDITION

Reads every row and writes every document anew, of all indexes or of those named. Where the service runs it does the
work, and this shows its progress; else this holds the slot until it is done. An interrupted snapshot is resumed.
With --where only the documents of some rows: those of the index's root table that an SQL condition over its own columns
holds for, as a definition's \`where\` is. It is not resumed.`,
  reindex: `projector reindex [--index NAME]… [--keep]
projector reindex --cancel [--index NAME]…

Builds new physical indexes from the definitions as they are now, of all indexes or of those named, while the service runs
or without it. Until a new one is complete, the stream goes into both, and searches find the old one; then rows and
documents are counted, the alias moves in one step, and the old one goes, or stays by --keep, which nobody follows then.
It goes on whatever becomes of this command or of the service, until it is cancelled: then the old ones go on.
Exit codes: 0 done or cancelled, 1 it cannot be begun or cancelled, it was cancelled, or the counts did not agree.`,
  pause: `projector pause

Has the service finish what is under way, hold the slot, and read and write nothing, until \`projector resume\`: through
restarts, too. \`projector status\` shows since when, and how much WAL the slot keeps meanwhile, which is what limits the
time (max_slot_wal_keep_size). Where no service runs, one that is started is paused.`,
  resume: `projector resume

Lets a paused service go on from where it was.`,
  resync: `projector resync

The way out of exit code 5. Drops the slot and the resume point, makes new ones, and builds new indexes from the rows as
they are; the old indexes serve until then. Stop the service first. An interrupted resync is resumed, by this command
or by \`projector run\`.`,
  'dead-letters': `projector dead-letters list [--index NAME]… [--id ID]… [--json]
projector dead-letters show ID [--index NAME]… [--json]
projector dead-letters retry [--index NAME]… [--id ID]… [--json]
projector dead-letters drop [--index NAME]… [--id ID]… [--yes] [--json]

A document that Elasticsearch refuses for its own content, or that Postgres cannot make of its row, is set aside with the
reason; meanwhile the index has it as it was before, or not at all. It leaves by itself once its rows have changed into something that is accepted, or are gone.
retry reads the rows now and writes again, through the running service or without it: after the mapping was mended.
drop forgets: the document stays absent or old until its rows change. Without --index or --id, that needs --yes.
Exit codes: 0 done; 1 there is no such dead letter (show), or some are refused again (retry).`,
  status: `projector status [--watch] [--json] [--quiet]

How the service, its slot and its indexes are, on one screen: what it waits for, how far it is behind, and how long
until Postgres gives the slot up. --watch shows it anew every second, until Ctrl-C. --json prints it for programs (a line
each time, with --watch); docs/status.schema.json describes what it says of the service. What a server that is away would tell
is shown as not known, and listed as notKnown by --json. --quiet prints nothing.
Exit codes: 0 the service runs, 1 it does not, or that is not known.`,
  verify: `projector verify [--index NAME]… [--repair] [--json]

Compares every document with its rows, by content, of all indexes or of those named. Where no service runs, it changes
nothing, and a document that is only behind counts as differing; with --repair it then follows the stream itself. Reports rows whose document is missing, extra documents that have no
row, and stale ones with the names of the fields that differ: what is still so once the stream has covered the look.
Dead-lettered documents are reported apart. --repair has the service read those documents again and write them, and
compares them again.
Exit codes: 0 all documents are what their rows make them (with --repair: now), 4 some are not.`,
  teardown: `projector teardown --yes

Drops the slot and the publication (as ADMIN_DATABASE_URL's role), the indexes that this projector has made under this
INDEX_PREFIX with their aliases, and everything under this PROJECTOR_NAME in Redis. Stop the service first. It needs no
definitions. Tables, indexes that others made, and what belongs to another database stay.
Exit codes: 0 done, 1 something is left for want of a right, and the SQL is printed, 6 the service runs.`,
};

export function isCommand(word: string): word is CommandName {
  return Object.hasOwn(summaries, word);
}

/** The error of a command line that cannot be understood. */
export function usage(message: string): ProjectorError {
  return new ProjectorError('PROJ_USAGE', message, 'See `projector --help`.');
}

export function help(): string {
  const commands = Object.entries(summaries)
    .map(([name, summary]) => `  ${name.padEnd(12)} ${summary}`)
    .join('\n');
  return `projector: keeps Elasticsearch documents in step with Postgres, through logical replication

Usage: projector COMMAND [OPTIONS]

${commands}

\`projector COMMAND --help\` says more. Settings come from the environment, .env and .stack/env:

${renderHelp()}
Exit codes: 0 done, 1 failure, 2 usage or configuration, 3 preflight failed, 4 drift found,
5 resync required, 6 slot held by another.
Every error has a code (${Object.keys(errorCodes).slice(0, 3).join(', ')}, …), its cause and its fix.`;
}

export function commandHelp(name: CommandName): string {
  return details[name];
}
