import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const yearMs = 365 * 24 * 3_600_000;

/** Serves the two pages and their files from the folder that `npm run build` fills; nothing where there is none. */
export async function addFrontEnd(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.log.warn(`no front end in ${folder}: npm run build --workspace=admin makes it`);
    return;
  }
  const config = { open: true };
  await app.register(async (pages) => {
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, ...config };
    });
    // Files under /assets/ have a hash of what they hold in their names.
    await pages.register(fastifyStatic, {
      root: join(folder, 'assets'),
      prefix: '/assets/',
      immutable: true,
      maxAge: yearMs,
    });
    const page = (url: string, file: string): void => {
      pages.get(url, (_, reply) => reply.sendFile(file, folder, { immutable: false, maxAge: 0 }));
    };
    page('/icon.svg', 'icon.svg');
    page('/', 'index.html');
    page('/film/:id', 'index.html');
    page('/person/:id', 'index.html');
    page('/admin', 'admin/index.html');
  });
}
