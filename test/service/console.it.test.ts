import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import axe from 'axe-core';
import { chromium, type Page } from 'playwright-core';
import { findChromium } from '../../dev/stack/chromium-program.ts';
import { choosePort } from '../../dev/stack/ports.ts';
import { insert, items, limitNested, nested } from '../dead-letters/items.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { eventually, waitFor } from '../support/wait.ts';
import { PATIENCE_MS } from './support/service.ts';
import { openSetting } from './support/setting.ts';

const token = 'the-token-of-the-tests';
/** Within a second, on a machine that is busy with other things. */
const SECOND_OR_SO_MS = 5_000;

const program = await findChromium(console.log).catch((error: unknown) => ({ missing: String(error) }));
const skip = typeof program !== 'string' && `Chromium cannot be had here: ${program.missing}`;

describe('the console, in Chromium', { skip }, () => {
  it('shows how it is, and does what it is asked for with the token', async (t) => {
    assert.ok(typeof program === 'string');
    await using setting = await openSetting(t, { own: items });
    await using elasticsearch = await openTcpProxy(setting.database.elasticsearchUrl);
    const env = {
      HTTP_PORT: String(await choosePort()),
      HEARTBEAT_INTERVAL_MS: '200',
      ELASTICSEARCH_URL: elasticsearch.url,
    };
    const url = `http://127.0.0.1:${env.HTTP_PORT}`;
    await using service = setting.spawn({ ...env, CONSOLE_TOKEN: token });
    await service.untilStreaming();

    await using browser = await chromium.launch({ executablePath: program });
    const page = await browser.newPage({ viewport: { width: 1_280, height: 900 }, colorScheme: 'light' });
    const faults = collectFaults(page);
    const shows = (selector: string, text: RegExp, timeoutMs = PATIENCE_MS): Promise<void> =>
      eventually(async () => assert.match(await page.locator(selector).innerText(), text), {
        what: `${selector} to show ${text.source}`,
        timeoutMs,
      });
    await page.goto(url);
    await shows('#state', /^Streaming, ready$/);

    await t.test('changes on their way, in figures and plots', async () => {
      for (let id = 0; id < 20; id++) await insert(setting, [{ id: `item ${id}` }]);
      await shows('#plot-throughput .value', /^[1-9][\d.,]*\/s$|^0\.\d\/s$/);
      await shows('[data-text="elasticsearchDetail"]', /^20 written, 0 refused$/);
      await shows('#plot-latency .value', /^[\d.]+ m?s$/);
      await shows('[data-text="redis"]', /^[0-9A-F]+\/[0-9A-F]+$/);
      await shows('[data-text="resolverDetail"]', /^read [\d.]+ m?s$/);
      await shows('#indexes', /^items\s+\S+items-\S+\s+–\s+0$/);
      for (const plot of ['lag', 'throughput', 'latency', 'wal']) {
        await eventually(async () => {
          const figure = page.locator(`#plot-${plot}`);
          assert.match((await figure.locator('path.line-1').getAttribute('d')) ?? '', /^M.*L/);
          assert.match((await figure.getByRole('img').getAttribute('aria-label')) ?? '', /at most \d/);
        });
      }
      assert.deepEqual(await blemishes(page), []);
    });

    await t.test('a dead letter, without its id; and does nothing without the token', async () => {
      await insert(setting, [{ ...nested('of five', 5), is_bad: true }]);
      await shows('#letters', /^items\s+.*document_parsing_exception.*limit of \[4\]/s);
      assert.doesNotMatch(await page.locator('#letters').innerText(), /of five/);
      for (const authorization of [undefined, 'Bearer not-the-token-at-all']) {
        for (const path of ['/dead-letters/retry', '/dead-letters/drop', '/pause', '/resume']) {
          const response = await fetch(`${url}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
            body: '{}',
          });
          assert.equal(response.status, 401);
          const { error } = (await response.json()) as { error: { code: string } };
          assert.equal(error.code, 'PROJ_CONSOLE_TOKEN');
        }
      }
      const { pausedSince, deadLetters } = await service.until(({ deadLetters: one }) => one['items'] === 1);
      assert.deepEqual({ pausedSince, deadLetters }, { pausedSince: null, deadLetters: { items: 1 } });
    });

    await t.test('and has it read again with the token, by the keyboard alone', async () => {
      await page.keyboard.press('Tab');
      assert.equal(await focused(page), 'Skip to the figures');
      await tabTo(page, 'Unlock');
      await page.keyboard.press('Enter');
      await page.keyboard.type('not-the-token-at-all');
      await page.keyboard.press('Enter');
      await shows('#token-error', /^This is not the token\.$/);
      await page.keyboard.type(token);
      await page.keyboard.press('Enter');
      await shows('#letters', /^items of five/);
      assert.equal(await focused(page), 'Lock');

      await limitNested(setting, 5);
      await tabTo(page, 'Retry items of five');
      await page.keyboard.press('Space');
      await shows('#outcome', /^Read again: 1\. Accepted or gone: 1\. Refused again: 0\.$/);
      await shows('#letters-note', /^None:/);
      assert.ok(await setting.document('items', 'of five'));
      assert.doesNotMatch(service.log, new RegExp(`${token}|of five`));
      assert.match(service.log, /"what":"retry dead letters"/);
    });

    await t.test('a shorter or a longer time, as chosen', async () => {
      const plot = page.locator('#plot-lag').getByRole('img');
      await page.getByRole('radio', { name: '3 min' }).focus();
      for (const [key, minutes] of [
        ['ArrowRight', 15],
        ['ArrowLeft', 3],
      ] as const) {
        await page.keyboard.press(key);
        assert.match(
          (await plot.getAttribute('aria-label')) ?? '',
          new RegExp(`in the last ${minutes} minutes:`),
        );
      }
    });

    await t.test('the figures of a plot by the minute', async () => {
      const figure = page.locator('#plot-throughput');
      await figure.getByText('By the minute').focus();
      await page.keyboard.press('Enter');
      await eventually(async () =>
        assert.match(await figure.locator('tbody').innerText(), /^\d\d:\d\d\s+[\d.]+\/s/),
      );
      await page.keyboard.press('Enter');
    });

    await t.test('that it pauses and goes on', async () => {
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      assert.equal(
        (await setting.command(['status', '--json'])).stdout.includes('"pausedSince": null'),
        true,
      );
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
      await shows('#state', /^Not ready: paused$/);
      await page.getByRole('button', { name: 'Resume' }).click();
      await shows('#state', /^Streaming, ready$/);
    });

    await t.test('why it is not ready, with what that means', async () => {
      elasticsearch.set({ kind: 'cut' });
      await shows('#state', /^Not ready: .*elasticsearch/);
      await shows('#trouble', /^Not ready\s+.*elasticsearch \S/s);
      assert.equal(await page.locator('[data-tone-of="elasticsearch"]').getAttribute('data-tone'), 'bad');
      await page.getByRole('link', { name: 'elasticsearch' }).click();
      await shows('#means-elasticsearch', /Elasticsearch does not answer, or takes no writes now/);
      assert.deepEqual(await blemishes(page), []);
      elasticsearch.set({ kind: 'open' });
      await shows('#state', /^Streaming, ready$/);
    });

    await t.test('all of it on a phone in the dark', async () => {
      const phone = await browser.newPage({
        viewport: { width: 390, height: 844 },
        isMobile: true,
        hasTouch: true,
        colorScheme: 'dark',
        reducedMotion: 'reduce',
      });
      const phoneFaults = collectFaults(phone);
      await phone.goto(url);
      await eventually(async () =>
        assert.equal(await phone.locator('#state').innerText(), 'Streaming, ready'),
      );
      assert.ok((await evaluate<number>(phone, 'document.documentElement.scrollWidth')) <= 390);
      const ground = await evaluate<string>(
        phone,
        'getComputedStyle(document.documentElement).backgroundColor',
      );
      assert.ok(lightness(ground) < 40, ground);
      // What was before the page was opened is there.
      await eventually(async () =>
        assert.match((await phone.locator('#plot-wal path.line-1').getAttribute('d')) ?? '', /L.*L/),
      );
      assert.deepEqual(await blemishes(phone), []);
      assert.deepEqual(phoneFaults, []);
      await phone.close();
    });

    await t.test('within a second or so that it is frozen, and that it has stopped', async () => {
      const startedMs = performance.now();
      service.signal('SIGSTOP');
      await shows('#state', /^The service does not answer$/, SECOND_OR_SO_MS);
      t.diagnostic(`frozen: shown after ${Math.round(performance.now() - startedMs)} ms`);
      service.signal('SIGCONT');
      await shows('#state', /^Streaming, ready$/);
      assert.deepEqual(faults, []);
      const stoppedMs = performance.now();
      await service.kill();
      await shows('#state', /^The service has stopped$/, SECOND_OR_SO_MS);
      t.diagnostic(`stopped: shown after ${Math.round(performance.now() - stoppedMs)} ms`);
      await shows('#trouble', /What is shown below was so at /);
      assert.deepEqual(await blemishes(page), []);
    });

    await t.test('one that has begun anew; and only shows, where there is no token', async () => {
      await using next = setting.run(env);
      await shows('#state', /^Streaming, ready$/);
      await shows('#read-only', /^Read-only: no CONSOLE_TOKEN is set$/);
      assert.equal(await page.getByRole('button', { name: /Pause|Unlock|Lock|Retry/ }).count(), 0);
      const response = await fetch(`${url}/pause`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: '{}',
      });
      assert.equal(response.status, 403);
      assert.match(await response.text(), /PROJ_CONSOLE_READ_ONLY/);
      await next.stop();
    });
  });
});

/** What a page's script has thrown, and what the browser has refused it, in a list that grows. */
function collectFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // A service or a server that is away is the test's own doing.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  return faults;
}

function evaluate<T>(page: Page, expression: string): Promise<T> {
  return page.evaluate<T>(expression);
}

/** What axe finds that keeps somebody from using the page. */
async function blemishes(page: Page): Promise<string[]> {
  await evaluate(page, `${axe.source}; void 0`);
  const { violations } = await evaluate<axe.AxeResults>(page, 'axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`);
}

/** What has the focus, by its name, and shows that it has. */
async function focused(page: Page): Promise<string> {
  const { name, outline } = await evaluate<{ name: string; outline: string }>(
    page,
    `(() => {
      const element = document.activeElement;
      const name = element.getAttribute('aria-label') ?? element.textContent.trim();
      return { name, outline: getComputedStyle(element).outlineStyle };
    })()`,
  );
  assert.equal(outline, 'solid', `${name} shows that it has the focus`);
  return name;
}

async function tabTo(page: Page, name: string): Promise<void> {
  await waitFor(
    async () => {
      await page.keyboard.press('Tab');
      return (await focused(page)) === name;
    },
    { what: `the focus to come to ${name}` },
  );
}

/** Of `rgb(…)`, 0 to 255. */
function lightness(colour: string): number {
  const parts = [...colour.matchAll(/[\d.]+/g)].map(Number);
  return Math.max(...parts.slice(0, 3));
}
