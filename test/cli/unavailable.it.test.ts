import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { items, changeItems } from '../service/support/items.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

/** A command that does not wait as long as it takes has ended by then. */
const END_MS = 60_000;

const serverOf = {
  DATABASE_URL: 'postgres',
  ADMIN_DATABASE_URL: 'postgres',
  REDIS_URL: 'redis',
  ELASTICSEARCH_URL: 'elasticsearch',
} as const;
type Variable = keyof typeof serverOf;

/** The same URL, of a port that nobody listens on. */
function elsewhere({ database }: Setting, variable: Variable, host = '127.0.0.1'): string {
  return (database.env[variable] ?? '').replace(/(localhost|127\.0\.0\.1):\d+/, `${host}:1`);
}

async function assertGivesUp(
  setting: Setting,
  words: string,
  settings: Readonly<Record<string, string>>,
  says: RegExp,
): Promise<void> {
  const startedMs = performance.now();
  const { code, stderr } = await setting.command(words.split(' '), settings);
  assert.match(stderr, says, words);
  assert.match(stderr, /^ {2}fix: .+$/m, words);
  assert.equal(code, 1, words);
  assert.ok(performance.now() - startedMs < END_MS, `${words}: ${performance.now() - startedMs} ms`);
}

describe('a command whose server is not there', { concurrency: true }, () => {
  it('says which server at which address does not answer, and what to do', async (t) => {
    await using setting = await openSetting(t);
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'ELASTICSEARCH_URL'] as const) {
      for (const host of ['127.0.0.1', 'localhost']) {
        const says = new RegExp(
          `^PROJ_SERVER_UNAVAILABLE: ${serverOf[name]} at ${host}:1: .*ECONNREFUSED \\S+:1\\b.*\\n {2}fix: .+\\n$`,
        );
        await assertGivesUp(setting, 'check', { [name]: elsewhere(setting, name, host) }, says);
      }
    }
  });

  it('ends, whichever command and server it is, where no service runs', async (t) => {
    await using setting = await openSetting(t, { own: items });
    const of: Readonly<Record<Variable, readonly string[]>> = {
      ADMIN_DATABASE_URL: ['init', 'teardown --yes'],
      DATABASE_URL: ['verify', 'snapshot', 'reindex', 'resync', 'snapshot --index items --where id=1'],
      REDIS_URL: [
        'verify',
        'snapshot',
        'reindex',
        'resync',
        'pause',
        'resume',
        'teardown --yes',
        'reindex --cancel',
      ],
      ELASTICSEARCH_URL: [
        'verify',
        'verify --repair',
        'snapshot',
        'reindex',
        'resync',
        'dead-letters list',
        'dead-letters retry',
      ],
    };
    await Promise.all(
      Object.entries(of).flatMap(([name, commands]) => {
        const variable = name as Variable;
        const says = new RegExp(
          `^PROJ_SERVER_UNAVAILABLE: ${serverOf[variable]} at 127\\.0\\.0\\.1:1: `,
          'm',
        );
        return commands.map((words) =>
          assertGivesUp(setting, words, { [variable]: elsewhere(setting, variable) }, says),
        );
      }),
    );
    assert.equal(await setting.slot(), null);
  });

  it('ends, where the service waits for that server; what it shows then is true', async (t) => {
    await using link = await openTcpProxy(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t, { own: items });
    const through = { ELASTICSEARCH_URL: link.url };
    await using service = setting.run(through);
    await service.untilStreaming();
    link.set({ kind: 'cut' });
    await changeItems(setting, 1);
    await service.until(({ servers }) => servers['elasticsearch']?.error);
    await waitFor(() => service.log.includes('elasticsearch does not answer'));

    const shown = await setting.command(['status'], through);
    assert.match(shown.stdout, /items: documents not known$/m);
    assert.match(shown.stdout, /^problem {4}elasticsearch at 127\.0\.0\.1:\d+: .+$/m);
    const report = JSON.parse((await setting.command(['status', '--json'], through)).stdout) as {
      readonly notKnown: readonly string[];
    };
    assert.deepEqual(report.notKnown, ['indexes.*.documents', 'indexes.*.deadLetters']);

    const says =
      /^PROJ_SERVER_UNAVAILABLE: (the service waits for elasticsearch: )?elasticsearch at 127\.0\.0\.1:\d+: /m;
    await Promise.all(
      ['verify', 'verify --repair', 'dead-letters retry', 'dead-letters drop --yes'].map((words) =>
        assertGivesUp(setting, words, through, says),
      ),
    );
    // The service can neither finish what is under way nor begin to be paused.
    const paused = await setting.command(['pause'], through);
    assert.match(`${paused.stdout}${paused.stderr}`, /waits for elasticsearch|does not hold the slot/);
    assert.equal((await setting.command(['resume'], through)).code, 0);
    link.set({ kind: 'open' });
    await setting.assertConverged();
    await waitFor(() => /elasticsearch is back/.test(service.log));
    assert.match(service.log, /"awaySeconds":[\d.]+,"msg":"elasticsearch (answers again|is back)"/);
    await service.stop();
  });
});
