import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { checkout } from '../dev/stack/paths.ts';
import { findWal2json } from '../dev/stack/postgres-program.ts';
import { wantedVersions } from '../dev/stack/versions.ts';

/**
 * `npm run test:conformance`: what must be alike on all versions and with both decoders, on the oldest Postgres and
 * Elasticsearch, then with wal2json where the machine can have it. (`npm test` runs everything on the newest.) How a
 * fan-out is paced and how large documents are read is the same everywhere, and takes its time.
 */

const always = [
  'test/changes/**/!(fan-out|large-documents).it.test.ts',
  'test/service/{convergence,decoder}.it.test.ts',
];
const edits = '300';

function runTests(versions: Readonly<Record<string, string>>, files: readonly string[]): boolean {
  const env = { ...process.env, EDITS: edits, ...versions };
  const tests = ['--test', '--test-concurrency=5', '--test-global-setup=test/support/global-setup.ts'];
  return [['dev/stack/prepare.ts'], [...tests, ...globSync([...always, ...files], { cwd: checkout })]].every(
    (args) => spawnSync(process.execPath, args, { cwd: checkout, env, stdio: 'inherit' }).status === 0,
  );
}

console.log('The conformance tests on Postgres 14 and Elasticsearch 8:');
let passed = runTests({ PG: '14', ES: '8' }, [
  'test/definition/{catalog,expressions}.it.test.ts',
  'test/service/{follow,hostile-session,index-templates,truncate,unrelated-schema,versions}.it.test.ts',
  'test/servers/session-settings.it.test.ts',
  'test/verify/kept-source.it.test.ts',
]);

const { postgres } = wantedVersions({ DECODER: 'wal2json' });
const missing = await findWal2json(postgres, console.log).then(() => null, String);
if (missing === null) {
  console.log(`The conformance tests on Postgres ${postgres.major} with wal2json:`);
  passed = runTests({ DECODER: 'wal2json' }, ['test/replication/*.it.test.ts']) && passed;
} else {
  console.log(`SKIPPED: the conformance tests with wal2json, which this machine cannot have. ${missing}`);
}
process.exitCode = passed ? 0 : 1;
