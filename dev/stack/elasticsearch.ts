import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildElasticsearchHome } from './elasticsearch-home.ts';
import { findJdk } from './jdk.ts';
import { openServer, type Command, type Server, type ServerOptions } from './server.ts';

/** A handle on the Elasticsearch in the folder, which may be running already; it is not started here. */
export function openElasticsearch(options: ServerOptions): Promise<Server> {
  return openServer(
    {
      name: 'Elasticsearch',
      url: (port) => `http://127.0.0.1:${port}`,
      command: prepare,
      probe: isHealthy,
      startTimeoutMs: 120_000,
      endings: [{ signal: 'SIGTERM', timeoutMs: 20_000 }],
      abandonSignal: 'SIGTERM',
    },
    options,
  );
}

async function prepare(folder: string, port: number): Promise<Command> {
  const jdk = await findJdk();
  const home = await buildElasticsearchHome(jdk);
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
  };
  const jvm = [
    '-Xms256m',
    '-Xmx1g',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:-UsePerfData',
    '--enable-native-access=ALL-UNNAMED',
    '-Dio.netty.noUnsafe=true',
    `-Des.path.home=${home}`,
  ];
  return {
    file: join(jdk, 'bin/java'),
    args: [
      ...jvm,
      ...['-cp', join(home, 'lib/*'), 'projector.dev.node.NodeMain', join(home, 'modules'), config],
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ],
  };
}

/** After a restart, also until the primaries of all indexes are there again. */
async function isHealthy(port: number, signal: AbortSignal): Promise<void> {
  const url = `http://127.0.0.1:${port}/_cluster/health?wait_for_status=yellow&timeout=1s`;
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`Elasticsearch answers ${response.status}`);
}
