import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting } from '../service/support/setting.ts';

describe('a command whose server is not there', () => {
  it('says which address does not answer, and what to do', async (t) => {
    await using setting = await openSetting(t);
    const elsewhere = (url: string, host: string): string =>
      url.replace(/(localhost|127\.0\.0\.1):\d+/, `${host}:1`);
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'ELASTICSEARCH_URL'] as const) {
      for (const host of ['127.0.0.1', 'localhost']) {
        const url = elsewhere(setting.database.env[name] ?? '', host);
        const { code, stderr } = await setting.command(['check'], { [name]: url });
        assert.match(stderr, /^PROJ_SERVER_UNAVAILABLE: .*ECONNREFUSED \S+:1\b.*\n {2}fix: .+\n$/, name);
        assert.equal(code, 1);
      }
    }
    for (const [name, command] of [
      ['ADMIN_DATABASE_URL', 'init'],
      ['REDIS_URL', 'verify'],
    ] as const) {
      const url = elsewhere(setting.database.env[name] ?? '', '127.0.0.1');
      const { code, stderr } = await setting.command([command], { [name]: url });
      assert.match(stderr, /^PROJ_SERVER_UNAVAILABLE: /m, command);
      assert.equal(code, 1);
    }
  });
});
