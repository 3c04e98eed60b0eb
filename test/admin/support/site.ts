import assert from 'node:assert/strict';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { addRoutes, createApp } from '../../../admin/server/app.ts';
import { createAccount } from '../../../admin/server/login/accounts.ts';
import { openServices, type Services } from '../../../admin/server/services.ts';
import { loadSettings } from '../../../admin/server/settings.ts';
import { roles } from '../../../dev/stack/database.ts';
import type { TestDatabase } from '../../support/servers.ts';

export const administrator = { name: 'olga', password: 'correct horse battery' };

/** A route, as it was declared. */
export interface Route {
  readonly method: string;
  readonly url: string;
}

/** The site on a test's database, with one administrator. Disposing closes it. */
export interface Site extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly services: Services;
  readonly routes: readonly Route[];
  /** Asks without a session, or with those headers. */
  ask(options: InjectOptions): Promise<LightMyRequestResponse>;
  /** Logs the administrator in. */
  logIn(): Promise<Visitor>;
}

/** What the API gives of a film, a person or a genre. */
export interface Row {
  readonly id: string;
  readonly modified: string;
  readonly [field: string]: unknown;
}

/** What an editor sends of a film with nothing but a title, beside the title. */
export const emptyFilm = {
  description: null,
  creation_date: null,
  certificate: null,
  file_path: null,
  rating: null,
  type: null,
  genres: [] as string[],
  people: [] as { person_id: string; role: string }[],
};

/** Somebody who has logged in. */
export interface Visitor {
  readonly cookie: string;
  /** Asks for what is below `/api/admin`. */
  ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<LightMyRequestResponse>;
  /** Makes a row of the `kind` that its path says. */
  create(kind: string, row: object): Promise<Row>;
}

/** The settings of a site that edits the database's films. */
export function siteEnvironment(database: TestDatabase): Record<string, string> {
  const url = new URL(database.url);
  url.username = roles.adminSite;
  return {
    FILMS_DATABASE_URL: url.href,
    REDIS_URL: database.redisUrl,
    ELASTICSEARCH_URL: database.elasticsearchUrl,
    INDEX_PREFIX: database.indexPrefix,
    SITE_REDIS_PREFIX: `${database.name}:`,
    SITE_PORT: '0',
    LOG_LEVEL: 'fatal',
  };
}

export async function openSite(
  database: TestDatabase,
  more: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const settings = loadSettings({ ...siteEnvironment(database), ...more });
  const services = openServices(settings, () => undefined);
  const app = createApp(settings);
  const routes: Route[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push({ method: each, url });
  });
  await addRoutes(app, services);
  await createAccount(services.database.query, administrator.name, administrator.password);
  // Attempts to log in are counted by address.
  let logins = 0;
  const ask: Site['ask'] = (options) => app.inject(options);
  return {
    app,
    services,
    routes,
    ask,
    async logIn() {
      const answer = await ask({
        method: 'POST',
        url: '/api/admin/login',
        payload: administrator,
        remoteAddress: `10.1.${Math.trunc(++logins / 250)}.${logins % 250}`,
      });
      const [cookie] = answer.cookies;
      if (cookie === undefined) throw new Error(`Cannot log in: ${answer.body}`);
      const header = `${cookie.name}=${cookie.value}`;
      const askAdmin: Visitor['ask'] = (method, path, payload) =>
        ask({ method, url: `/api/admin${path}`, headers: { cookie: header }, ...(payload && { payload }) });
      return {
        cookie: header,
        ask: askAdmin,
        async create(kind, row) {
          const made = await askAdmin('POST', `/${kind}`, row);
          assert.equal(made.statusCode, 201, made.body);
          return made.json<Row>();
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await services[Symbol.asyncDispose]();
    },
  };
}
