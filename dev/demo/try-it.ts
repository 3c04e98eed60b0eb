import { align } from './screen.ts';
import type { DemoSite } from './site.ts';

export interface Addresses {
  /** The films' database, as a role that may edit films. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly elasticsearchUrl: string;
  readonly serviceUrl: string;
  readonly site: DemoSite;
  /** The service's settings, and its log. */
  readonly envFile: string;
  readonly log: string;
}

/** Where everything listens, and commands to try on it from the checkout, to be pasted into a shell. */
export function describeAddresses({
  databaseUrl,
  redisUrl,
  elasticsearchUrl,
  serviceUrl,
  site,
  envFile,
  log,
}: Addresses): string[] {
  return align([
    ...siteRows(site),
    [],
    ['Postgres', databaseUrl],
    ['Redis', redisUrl],
    ['Elasticsearch', elasticsearchUrl],
    [],
    [
      'edit a film',
      `psql '${databaseUrl}' -c "update content.film_work set title = 'Nostromo' where title = 'Alien'"`,
    ],
    [
      'search for it',
      `curl '${elasticsearchUrl}/movies/_search?q=title:nostromo&pretty&filter_path=hits.hits._source'`,
    ],
    ['how it is', `node_modules/.bin/node --env-file='${envFile}' src/cli/main.ts status`],
    ['for programs', `curl ${serviceUrl}/status; curl ${serviceUrl}/metrics`],
    ['its log', `tail -f '${log}'`],
  ]);
}

/** Where the films' site is, and who may edit there. */
export function describeSite(site: DemoSite): string[] {
  return align(siteRows(site));
}

function siteRows({ url, user, password }: DemoSite): string[][] {
  return [
    ['search page', `${url}/`],
    ['editing site', `${url}/admin/   as ${user}, password ${password}`],
    ['API', `${url}/api/docs`],
  ];
}
