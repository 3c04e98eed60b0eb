/**
 * `npm run config:docs`: rewrites what is made from the table of settings, `.env.example` and the README's table
 * between its markers, in the working directory.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { renderEnvExample, renderMarkdownTable } from './render.ts';

const tablePlace = /(<!-- settings:start -->\n)[^]*?(<!-- settings:end -->)/;

/**
 * `readme` with the present table between its markers.
 *
 * @throws Error when the markers are not there.
 */
export function withSettingsTable(readme: string): string {
  if (!tablePlace.test(readme)) {
    throw new Error('README.md lacks the markers <!-- settings:start --> and <!-- settings:end -->.');
  }
  return readme.replace(tablePlace, (_, start: string, end: string) =>
    [start, renderMarkdownTable(), '', end].join('\n'),
  );
}

if (import.meta.main) {
  writeFileSync('.env.example', renderEnvExample());
  writeFileSync('README.md', withSettingsTable(readFileSync('README.md', 'utf8')));
}
