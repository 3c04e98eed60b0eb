import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { choosePort } from '../../dev/stack/ports.ts';
import { openPostgres, type PostgresServer } from '../../dev/stack/postgres.ts';
import { openRedis } from '../../dev/stack/redis.ts';
import type { Server } from '../../dev/stack/server.ts';
import { findUnprivilegedUser } from '../../dev/stack/unprivileged.ts';
import { createAuthority } from '../support/certificates.ts';
import { openHttpServer } from '../support/http-server.ts';
import { checkout } from './compose-file.ts';

/** Servers that speak TLS, with certificates for `localhost` and for no address. */
export interface SecureServers extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly redis: Server;
  readonly redisTlsPort: number;
  /** Speaks TLS in front of the Elasticsearch that is given, which cannot. */
  readonly elasticsearchTlsPort: number;
  /** The `Authorization` that it wants; any other is answered 401, as Elasticsearch would. */
  expectAuthorization(header: string): void;
  /** The requests that it has passed on: `POST /{index}/_bulk`. */
  readonly requests: ReadonlySet<string>;
  /** The CA that has signed all of them, and one that has not. */
  readonly caFile: string;
  readonly otherCaFile: string;
  /** A client's certificate. */
  readonly clientFiles: { readonly cert: string; readonly key: string };
}

export async function openSecureServers(elasticsearchUrl: string, user: string): Promise<SecureServers> {
  await using opening = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'projector-tls-'));
  opening.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [authority, other] = await Promise.all([createAuthority('CA'), createAuthority('another CA')]);
  const [server, client] = await Promise.all([authority.issue('localhost'), authority.issue(user)]);
  const keep = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: name.endsWith('key') ? 0o600 : 0o644 });
    return path;
  };
  const caFile = keep('ca.pem', authority.cert);
  const [cert, key] = [keep('server.pem', server.cert), keep('server.key', server.key)];

  // Beside its data, where it can read them, whoever it runs as.
  const postgresFolder = mkdtempSync(join(tmpdir(), 'projector-tls-postgres-'));
  const owner = await findUnprivilegedUser();
  const forPostgres = (name: string, content: string): string => {
    const path = join(postgresFolder, name);
    writeFileSync(path, content, { mode: 0o600 });
    if (owner) chownSync(path, owner.uid, owner.gid);
    return path;
  };
  const postgres = opening.use(
    await openPostgres({
      folder: postgresFolder,
      temporary: true,
      settings: {
        ssl: 'on',
        ssl_cert_file: forPostgres('server.pem', server.cert),
        ssl_key_file: forPostgres('server.key', server.key),
        ssl_ca_file: forPostgres('ca.pem', authority.cert),
      },
    }),
  );
  const redisTlsPort = await choosePort();
  const redis = opening.use(
    await openRedis({
      folder: mkdtempSync(join(tmpdir(), 'projector-tls-redis-')),
      temporary: true,
      settings: {
        'tls-port': redisTlsPort,
        'tls-cert-file': cert,
        'tls-key-file': key,
        'tls-ca-cert-file': caFile,
        'tls-auth-clients': 'no',
      },
    }),
  );
  await Promise.all([postgres.start(), redis.start()]);

  const state = { authorization: '' };
  const requests = new Set<string>();
  const passOn: RequestListener = (incoming, response) => {
    if (incoming.headers.authorization !== state.authorization) {
      const error = { type: 'security_exception', reason: 'unable to authenticate' };
      response
        .writeHead(401, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
        .end(JSON.stringify({ error, status: 401 }));
      return;
    }
    const { method = '', url = '', headers } = incoming;
    requests.add(`${method} ${asTemplate(url)}`);
    const outgoing = request(new URL(url, elasticsearchUrl), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  };
  const front = opening.use(await openHttpServer(passOn, server));
  const kept = opening.move();
  return {
    postgres,
    redis,
    redisTlsPort,
    elasticsearchTlsPort: Number(new URL(front.url).port),
    expectAuthorization(header) {
      state.authorization = header;
    },
    requests,
    caFile,
    otherCaFile: keep('other-ca.pem', other.cert),
    clientFiles: { cert: keep('client.pem', client.cert), key: keep('client.key', client.key) },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** `/films-movies-1/_settings/index.uuid?pretty` → `/{index}/_settings/{name}`; `/_index_template/_simulate` as it is. */
function asTemplate(url: string): string {
  const [index = '', api, name] = (url.split('?')[0] ?? '').slice(1).split('/');
  if (index.startsWith('_') && api?.startsWith('_')) return `/${index}/${api}`;
  if (index === '' || index.startsWith('_')) return `/${index}`;
  return ['/{index}', ...(api === undefined ? [] : [api]), ...(name === undefined ? [] : ['{name}'])].join(
    '/',
  );
}

/** docs/deploy.md, which says what the service may do everywhere. */
const page = readFileSync(join(checkout, 'docs/deploy.md'), 'utf8');

/** The block on the page that gives these rights. */
export function readRights(of: 'service' | 'admin' | 'redis'): string {
  const [, block] = new RegExp(`<!-- rights: ${of} -->\\n\`\`\`\\w*\\n([^]*?)\`\`\``).exec(page) ?? [];
  if (block === undefined) throw new Error(`docs/deploy.md has no rights of ${of}`);
  return block;
}

/** The requests to Elasticsearch that the page lists. */
export function readRequests(): Set<string> {
  return new Set(
    [...page.matchAll(/^\| `((?:GET|HEAD|PUT|POST|DELETE) \/\S*)` +\|/gm)].map(([, one = '']) => one),
  );
}
