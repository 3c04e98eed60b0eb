import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.ts';

/** A server on loopback. Disposing ends it with all its connections. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
}

/** Opens one that speaks TLS where it has a certificate. */
export async function openHttpServer(
  onRequest: RequestListener,
  certificate?: Certificate,
): Promise<HttpServer> {
  const server = certificate ? createSecureServer(certificate, onRequest) : createServer(onRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
