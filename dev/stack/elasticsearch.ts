import { classArchiveOptions } from './class-archive.ts';
import { buildElasticsearchHome } from './elasticsearch-home.ts';
import { elasticsearchKind, type ElasticsearchPrograms } from './elasticsearch-node.ts';
import type { Say } from './fetched.ts';
import { findJdk } from './jdk.ts';
import { openServer, type Server, type ServerOptions } from './server.ts';
import { wantedVersions } from './versions.ts';

/** A handle on the Elasticsearch in the folder, which may be running already; it is not started here. */
export function openElasticsearch(options: ServerOptions): Promise<Server> {
  return openServer(elasticsearchKind(findElasticsearch), options);
}

/** The machine's JDK, and Elasticsearch, fetched and built where it is not there yet. */
export async function findElasticsearch(say?: Say): Promise<ElasticsearchPrograms> {
  const jdk = await findJdk();
  const { elasticsearch } = wantedVersions();
  const home = await buildElasticsearchHome(jdk, elasticsearch, say);
  return { jdk, home, jvmOptions: await classArchiveOptions(jdk, home, say) };
}
