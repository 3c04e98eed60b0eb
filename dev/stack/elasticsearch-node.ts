import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command, ServerKind } from './server.ts';

/** What an Elasticsearch is run with. */
export interface ElasticsearchPrograms {
  readonly jdk: string;
  readonly home: string;
  /** Options of the JVM beyond the usual ones. */
  readonly jvmOptions: readonly string[];
}

/** A node's settings, by their full names. */
export type ElasticsearchSettings = Readonly<Record<string, string | number | boolean>>;

/** One node that is a cluster of its own, without security. */
export function elasticsearchKind(
  findPrograms: () => Promise<ElasticsearchPrograms>,
  settings: ElasticsearchSettings = {},
): ServerKind {
  return {
    name: 'Elasticsearch',
    url: (port) => `http://127.0.0.1:${port}`,
    command: async (folder, port) => prepare(await findPrograms(), settings, folder, port),
    probe: isHealthy,
    startTimeoutMs: 120_000,
    endings: [{ signal: 'SIGTERM', timeoutMs: 30_000 }],
    abandonSignal: 'SIGTERM',
  };
}

async function prepare(
  { jdk, home, jvmOptions }: ElasticsearchPrograms,
  own: ElasticsearchSettings,
  folder: string,
  port: number,
): Promise<Command> {
  const config = join(folder, 'config');
  await mkdir(config, { recursive: true });
  await cp(join(home, 'config'), config, { recursive: true });

  const settings = {
    'cluster.name': 'projector-dev',
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': port,
    'transport.port': '19300-19999',
    'path.home': home,
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    // A nearly full disk makes indexes read-only; on a developer's machine that is nobody's wish.
    'cluster.routing.allocation.disk.threshold_enabled': false,
    ...own,
  };
  const options = [
    '-Xms256m',
    '-Xmx1g',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:-UsePerfData',
    '--enable-native-access=ALL-UNNAMED',
    '-Dio.netty.noUnsafe=true',
    `-Des.path.home=${home}`,
    ...jvmOptions,
  ];
  return {
    file: join(jdk, 'bin/java'),
    args: [
      ...options,
      ...['-cp', join(home, 'lib/*'), 'projector.dev.node.NodeMain', join(home, 'modules'), config],
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ],
  };
}

/** After a restart, not before the primaries of all indexes are there again. */
async function isHealthy(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/_cluster/health?wait_for_status=yellow&timeout=1s`;
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`Elasticsearch answers ${response.status}`);
}
