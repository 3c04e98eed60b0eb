import { classArchiveOptions } from './class-archive.ts';
import { buildElasticsearchHome } from './elasticsearch-home.ts';
import {
  elasticsearchKind,
  type ElasticsearchPrograms,
  type ElasticsearchSettings,
} from './elasticsearch-node.ts';
import type { Say } from './fetched.ts';
import { findJdk } from './jdk.ts';
import { openServer, type Server, type ServerOptions } from './server.ts';
import { wantedVersions } from './versions.ts';

export interface ElasticsearchOptions extends ServerOptions {
  /** The node's settings on top of the usual ones. */
  readonly settings?: ElasticsearchSettings;
}

/** A handle on the Elasticsearch in the folder, which may be running already; it is not started here. */
export function openElasticsearch({ settings, ...options }: ElasticsearchOptions): Promise<Server> {
  return openServer(elasticsearchKind(findElasticsearch, settings), options);
}

/** The machine's JDK, and Elasticsearch, fetched and built where it is not there yet. */
export async function findElasticsearch(say?: Say): Promise<ElasticsearchPrograms> {
  const jdk = await findJdk();
  const { elasticsearch } = wantedVersions();
  const home = await buildElasticsearchHome(jdk, elasticsearch, say);
  return { jdk, home, jvmOptions: await classArchiveOptions(jdk, home, say) };
}
