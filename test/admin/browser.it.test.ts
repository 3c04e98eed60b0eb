import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import axe, { type AxeResults } from 'axe-core';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { createAccount } from '../../admin/server/login/accounts.ts';
import { openServices } from '../../admin/server/services.ts';
import { loadSettings } from '../../admin/server/settings.ts';
import { buildFrontEnd } from '../../dev/site/front-end.ts';
import { openNginx } from '../../dev/site/nginx.ts';
import { openSiteServer } from '../../dev/site/site.ts';
import { findChromium } from '../../dev/stack/chromium-program.ts';
import { findNginx } from '../../dev/stack/nginx-program.ts';
import { choosePort } from '../../dev/stack/ports.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { eventually } from '../support/wait.ts';
import { administrator, siteEnvironment } from './support/site.ts';

const programs = await Promise.all([findChromium(console.log), findNginx(console.log)]).catch(
  (error: unknown) => ({ missing: String(error) }),
);
const skip = 'missing' in programs && `Chromium or nginx cannot be had here: ${programs.missing}`;
/** Where to put pictures of the pages, to be looked at. */
const pictures = process.env['PICTURES'];

const filmsSql = `
insert into content.genre (name) values ('Drama'), ('Science fiction'), ('Comedy');
insert into content.person (full_name) select 'Person ' || i from generate_series(1, 200) as i;
insert into content.film_work (title, rating, type, creation_date, description)
  select 'Film ' || lpad(i::text, 2, '0'), (i % 10) + 0.5, case when i % 4 = 0 then 'tv_show' else 'movie' end,
         make_date(1950 + i, 5, 1), 'What happens in film ' || i || ', told at some length.'
    from generate_series(1, 60) as i;
insert into content.genre_film_work (film_work_id, genre_id)
  select film_work.id, genre.id from content.film_work join content.genre on length(name) % 3 = length(title || type) % 3;
insert into content.person_film_work (film_work_id, person_id, role)
  select film_work.id, person.id, role
    from content.film_work, content.person, unnest(array['actor', 'director']) as role
   where abs(hashtext(title || full_name || role)) % 60 = 0;`;

describe('the films in Chromium, through nginx', { skip }, () => {
  it('are edited, and found as they are edited', async (t) => {
    await using place = await openPlace(t);
    const { browser, url, setting } = place;
    // Each step begins where the one before has left the pages.
    const step = async (name: string, take: () => Promise<void> | void): Promise<void> => {
      let passed = false;
      await t.test(name, async () => {
        await take();
        passed = true;
      });
      assert.ok(passed, `The pages are not as the next step needs them: ${name}`);
    };

    const editor = await openPage(browser, `${url}/admin/`);
    await step('by nobody who does not know the password', async () => {
      await editor.page.getByLabel('Username').fill(administrator.name);
      await editor.page.locator('input[type=password]').fill('a wrong password');
      await editor.page.keyboard.press('Enter');
      await editor.page.getByText('Name or password is wrong.').waitFor();
      await assertGood(editor.page, 'login');
    });

    await step('by keyboard alone, too', async () => {
      const { page } = editor;
      await page.goto(`${url}/admin/`);
      await tabTo(page, page.getByLabel('Username'));
      await page.keyboard.type(administrator.name);
      await tabTo(page, page.locator('input[type=password]'));
      await page.keyboard.type(administrator.password);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Create' }).waitFor();
      await assertGood(page, 'admin-list');
      await tabTo(page, page.getByRole('link', { name: 'Create' }));
      await page.keyboard.press('Enter');
      await tabTo(page, page.getByRole('textbox', { name: 'Title' }));
    });

    const viewer = await openPage(browser, `${url}/?q=solaris`);
    const hit = viewer.page.locator('.hit[data-film]');
    await viewer.page.locator('.connection.live').waitFor();
    await viewer.page.getByText('Nothing is found.').waitFor();

    await step('a new film appears on the page that is open', async () => {
      const { page } = editor;
      await page.getByRole('textbox', { name: 'Description' }).fill('A psychologist is sent to a station.');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Must be filled in').waitFor();
      await page.getByRole('textbox', { name: 'Title' }).fill('Solaris');
      await page.getByLabel('Released').fill('1972-05-13');
      await page.getByRole('spinbutton', { name: 'Rating' }).fill('8.1');
      await choose(page, page.getByRole('combobox', { name: 'Type' }), 'Film');
      await autocomplete(page, 'Genres', 'Scien', 'Science fiction');
      await page.getByRole('button', { name: 'Add' }).last().click();
      await autocomplete(page, 'Person', 'Person 77', 'Person 77');
      await page.getByRole('button', { name: 'Save' }).click();
      await hit.getByRole('heading', { name: 'Solaris' }).waitFor();
      await hit.getByText('Person 77').waitFor();
      await viewer.page.locator('.hit.new .change').waitFor();
      assert.match(await hit.locator('.change').innerText(), /New\s+seen [\d,]+ ms after the edit/);
      await picture(viewer.page, 'search-new');
      await page.waitForURL(/#\/films\/[0-9a-f-]{36}$/);
      await page.getByRole('button', { name: 'Delete' }).waitFor();
      await assertGood(page, 'admin-film');
    });

    await step('an actor who is renamed is renamed there', async () => {
      const { page } = editor;
      await page.goto(`${url}/admin/#/persons?filter=${encodeURIComponent('{"q":"Person 77"}')}`);
      await page.getByRole('cell', { name: 'Person 77' }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('Natalya Bondarchuk');
      await page.getByRole('button', { name: 'Save' }).click();
      await hit.getByText('Natalya Bondarchuk').waitFor();
      await viewer.page.locator('.hit.changed .change').waitFor();
      assert.match(await hit.locator('.change').innerText(), /Changed\s+seen [\d,]+ ms after the edit/);
      await assertGood(viewer.page, 'search-changed');
      await page.getByText('Solaris').waitFor();
      await assertGood(page, 'admin-person');
    });

    await step('a film that two change is not overwritten', async () => {
      const { page } = editor;
      await page.goto(`${url}/admin/#/films?filter=${encodeURIComponent('{"q":"Solaris"}')}`);
      await page.getByRole('cell', { name: 'Solaris' }).click();
      await page.getByRole('textbox', { name: 'Title' }).fill('Solaris, mine');
      await setting.admin.query(
        `update content.film_work set title = 'Solaris, theirs' where title = 'Solaris'`,
      );
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Somebody else has changed this').waitFor();
      await picture(page, 'admin-conflict');
      await page.getByRole('button', { name: 'Load the new state' }).click();
      await eventually(async () =>
        assert.equal(await page.getByRole('textbox', { name: 'Title' }).inputValue(), 'Solaris, theirs'),
      );
      await hit.getByRole('heading', { name: 'Solaris, theirs' }).waitFor();
      assert.match(await hit.locator('.change').innerText(), /^Changed$/);
    });

    await step('one that is deleted goes', async () => {
      const { page } = editor;
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('button', { name: 'Confirm' }).click();
      await viewer.page.locator('.hit.gone').waitFor();
      assert.match(await hit.locator('.change').innerText(), /Gone\s+seen [\d,]+ ms after the edit/);
      await picture(viewer.page, 'search-gone');
      await viewer.page.getByText('Nothing is found.').waitFor();
    });

    await step('several are deleted at once', async () => {
      const { page } = editor;
      await page.goto(`${url}/admin/#/films?filter=${encodeURIComponent('{"q":"Film 1"}')}`);
      await page.getByRole('cell', { name: 'Film 10' }).waitFor();
      for (const row of [1, 2]) await page.getByRole('checkbox').nth(row).check();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('button', { name: 'Confirm' }).click();
      await eventually(async () => {
        const { rows } = await setting.admin.query<{ left: number }>(
          `select count(*)::int as left from content.film_work where title like 'Film 1_'`,
        );
        assert.equal(rows[0]?.left, 8);
      });
    });

    await step('a name that is taken is said at its field', async () => {
      const { page } = editor;
      await page.goto(`${url}/admin/#/genres/create`);
      await page.getByRole('textbox', { name: 'Name' }).fill('Drama');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('There is one of this name already').waitFor();
    });

    await step('whatever titles and names hold is text', async () => {
      const { page } = viewer;
      const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
      await setting.admin.query(`insert into content.film_work (title, description) values ($1, $1)`, [evil]);
      await page.goto(`${url}/?q=onerror`);
      await page.getByRole('heading', { name: evil }).waitFor();
      await page.getByRole('link', { name: evil }).click();
      await page.locator('h1', { hasText: evil }).waitFor();
    });

    await step('a film and a person have pages, and the way back keeps what was asked for', async () => {
      const { page } = viewer;
      await page.goto(`${url}/?q=film&sort=title`);
      await page.getByRole('link', { name: 'Next page' }).click();
      await page.getByRole('heading', { name: 'Film 23' }).waitFor();
      await page.getByRole('button', { name: 'Back' }).click();
      await page.getByRole('heading', { name: 'Film 01' }).waitFor();
      await tabTo(page, page.getByRole('link', { name: 'Film 01' }));
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Film 01' }).waitFor();
      await assertGood(page, 'film');
      await page.locator('dd a').first().click();
      await page.locator('.person h1').waitFor();
      await assertGood(page, 'person');
      await page.goBack();
      await page.goBack();
      await page.getByRole('heading', { name: 'Film 01' }).waitFor();
      assert.equal(await page.getByRole('searchbox').inputValue(), 'film');
    });

    await step('both are in Russian, too', async () => {
      await viewer.page.goto(`${url}/?q=film`);
      await viewer.page.getByRole('button', { name: 'Русский' }).click();
      await viewer.page.getByText(/^\d+ фильм/).waitFor();
      await assertGood(viewer.page, 'search-russian');
      const { page } = editor;
      await page.goto(`${url}/admin/#/films`);
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('menuitem', { name: 'Русский' }).click();
      await page.getByRole('columnheader', { name: 'Название' }).waitFor();
      assert.equal(await page.locator('html').getAttribute('lang'), 'ru');
      await assertGood(page, 'admin-russian');
      await page.getByRole('button', { name: 'Русский' }).click();
      await page.getByRole('menuitem', { name: 'English' }).click();
    });

    await step('and fit a telephone', async () => {
      for (const { page, address, name } of [
        { page: viewer.page, address: '/?q=film', name: 'search' },
        { page: editor.page, address: '/admin/#/films', name: 'admin-list' },
        { page: editor.page, address: '/admin/#/films/create', name: 'admin-create' },
      ]) {
        await page.setViewportSize({ width: 390, height: 844 });
        await page.goto(`${url}${address}`);
        await page.locator('.hit h2, .MuiListItem-root, input[name=title]').first().waitFor();
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(width <= 390, `${name} is ${width} px wide`);
        await assertGood(page, `${name}-390`);
      }
      await editor.page.setViewportSize(desktop);
    });

    await step('until the session ends', async () => {
      const keys = await setting.redis.keys(`${setting.database.name}:session:*`);
      await setting.redis.unlink(...keys);
      await editor.page.goto(`${url}/admin/#/persons`);
      await editor.page.getByLabel('Username').waitFor();
    });

    await step('and nothing went wrong in the pages', () => {
      assert.deepEqual([...viewer.faults, ...editor.faults], []);
    });

    await step('nginx serves files to be kept, compressed, and what runs with the same headers', async () => {
      const page = await fetch(`${url}/film/x`);
      const html = await page.text();
      const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(html) ?? [];
      const file = await fetch(`${url}${script}`, { headers: { 'accept-encoding': 'gzip' } });
      assert.equal(file.headers.get('cache-control'), 'public, max-age=31536000, immutable');
      assert.equal(file.headers.get('content-encoding'), 'gzip');
      assert.equal(page.headers.get('cache-control'), 'no-cache');
      const api = await fetch(`${url}/api/v1/movies/`);
      for (const header of ['content-security-policy', 'x-content-type-options', 'referrer-policy']) {
        assert.equal(page.headers.get(header), api.headers.get(header), header);
        assert.ok(page.headers.get(header));
      }
      assert.ok(!html.includes('<style') && !/<script(?![^>]*src=)/.test(html));
    });

    await step('nginx takes no body that is too large, and no flood', async () => {
      const large = await fetch(`${url}/api/admin/films`, { method: 'POST', body: 'x'.repeat(600_000) });
      assert.equal(large.status, 413);
      const attempts = Array.from({ length: 20 }, () => fetch(`${url}/api/admin/login`, { method: 'POST' }));
      const statuses = (await Promise.all(attempts)).map(({ status }) => status);
      assert.ok(statuses.includes(429), statuses.join());
    });

    await step("nginx leads to the service's console, which is as it is without", async () => {
      const { page, faults } = await openPage(browser, `${url}/console/`);
      await page.getByText('Streaming, ready').waitFor();
      assert.deepEqual(faults, []);
      assert.equal((await fetch(`${url}/console/livez`)).status, 200);
    });
  });
});

/** Long enough for a machine that is busy with other things. */
const STEP_MS = 20_000;
const desktop = { width: 1_280, height: 860 };

interface Place extends AsyncDisposable {
  readonly setting: Setting;
  readonly browser: Browser;
  readonly url: string;
}

/** The service, the site and nginx in a row, with some films and an administrator. */
async function openPlace(t: TestContext): Promise<Place> {
  assert.ok(!('missing' in programs));
  await using opening = new AsyncDisposableStack();
  const setting = opening.use(await openSetting(t));
  await setting.admin.query(filmsSql);
  const servicePort = await choosePort();
  const service = opening.use(setting.run({ HTTP_PORT: String(servicePort) }));
  const env = { ...siteEnvironment(setting.database), SITE_FRONT_END: '/nowhere' };
  await using services = openServices(loadSettings(env), () => undefined);
  await createAccount(services.database.query, administrator.name, administrator.password);
  const site = opening.use(await openSiteServer(env));
  const nginx = opening.use(
    await openNginx({
      admin: `127.0.0.1:${site.port}`,
      console: `127.0.0.1:${servicePort}`,
      root: await buildFrontEnd(),
    }),
  );
  await Promise.all([site.start(), nginx.start(), service.untilStreaming()]);
  const browser = opening.use(await chromium.launch({ executablePath: programs[0], args: ['--no-sandbox'] }));
  await setting.covered();
  const opened = opening.move();
  return { setting, browser, url: nginx.url, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

interface OpenPage {
  readonly page: Page;
  /** What the page has complained of: errors, what its policy refuses, dialogs. */
  readonly faults: string[];
}

async function openPage(browser: Browser, address: string): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: desktop, locale: 'en-GB', colorScheme: 'light' });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('dialog', (dialog) => {
    faults.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    const text = message.text();
    // The browser says of every answer of 400 and more that it failed, and those are asked for here.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) faults.push(text);
  });
  await page.goto(address);
  return { page, faults };
}

/** Goes on from what has the focus, as one does without a mouse. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let steps = 0; steps < 100; steps++) {
    if ((await target.and(page.locator(':focus')).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  assert.fail('No number of steps leads there.');
}

/** Chooses from a list that opens. */
async function choose(page: Page, list: Locator, option: string): Promise<void> {
  await list.click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

/** Types a part, and takes what is offered. */
async function autocomplete(page: Page, label: string, typed: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).fill(typed);
  await page.getByRole('option', { name: option, exact: true }).click();
}

/** Takes a picture of the page, and finds nothing in it that keeps people out. */
async function assertGood(page: Page, name: string): Promise<void> {
  await eventually(async () => {
    assert.equal(await page.getByRole('progressbar').count(), 0);
    assert.equal(await page.evaluate('document.getAnimations().length'), 0);
  });
  await picture(page, name);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  const found = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n  ')}`);
  assert.deepEqual(found, [], name);
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
}
