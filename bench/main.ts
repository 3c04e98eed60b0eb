import { openServers } from './bed/servers.ts';
import { warmUp } from './bed/warm-up.ts';
import { parseCommand, usage, UsageError, type BenchOptions, type FigureName } from './command.ts';
import { decodeFigure } from './figures/decode.ts';
import { fanOutFigure } from './figures/fan-out.ts';
import type { Figure } from './figures/figure.ts';
import { growthFigure } from './figures/growth.ts';
import { latencyFigure } from './figures/latency.ts';
import { memoryFigure } from './figures/memory.ts';
import { rebuildFigure } from './figures/rebuild.ts';
import { snapshotFigure } from './figures/snapshot.ts';
import { streamFigure } from './figures/stream.ts';
import { peerLatencyFigure } from './peer/latency.ts';
import { peerSnapshotFigure } from './peer/snapshot.ts';
import { peerStreamFigure } from './peer/stream.ts';

/** `npm run bench`: progress on stderr, a table and one line of JSON a figure on stdout. */

const figures: Readonly<Record<FigureName, Figure>> = {
  snapshot: snapshotFigure,
  stream: streamFigure,
  latency: latencyFigure,
  fanout: fanOutFigure,
  decode: decodeFigure,
  memory: memoryFigure,
  growth: growthFigure,
  rebuild: rebuildFigure,
};

/** With `--peer pgsync`. */
const peerFigures: Partial<Record<FigureName, Figure>> = {
  snapshot: peerSnapshotFigure,
  stream: peerStreamFigure,
  latency: peerLatencyFigure,
};

async function bench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  say(options.servers === 'own' ? 'starting servers of its own' : 'using the servers of `make stack`');
  await using servers = await openServers(options.servers, signal);
  await warmUp({ servers, say, signal });
  for (const name of options.figures) {
    signal.throwIfAborted();
    say(`== ${name}`);
    const figure = (options.peer && peerFigures[name]) ?? figures[name];
    const { table, json } = await figure({ servers, options, say, signal });
    process.stdout.write(`\n${table}\n\n${JSON.stringify(json)}\n`);
  }
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupt.abort(new Error(`Ended by ${signal}.`)));
}
try {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === 'help') process.stdout.write(usage);
  else await bench(command, interrupt.signal);
} catch (error) {
  const isExpected = error instanceof UsageError || error === interrupt.signal.reason;
  console.error(error instanceof Error && isExpected ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
