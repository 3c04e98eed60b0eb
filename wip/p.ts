import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import axe from 'axe-core';
const place = JSON.parse(readFileSync('/tmp/place.json', 'utf8'));
const browser = await chromium.connectOverCDP('http://127.0.0.1:9333');
const open = async (address: string, o = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', colorScheme: 'light', ...o });
  const page = await context.newPage(); page.setDefaultTimeout(6000);
  page.on('pageerror', (e) => console.log('PAGEERROR', e.message)); page.on('console', (m) => m.type() === 'error' && console.log('CONSOLE', m.text()));
  await page.goto(place.url + address); return page;
};
const login = async (page) => { await page.getByLabel('Username').fill('olga'); await page.locator('input[type=password]').fill('correct horse battery'); await page.keyboard.press('Enter'); await page.getByRole('link', { name: 'Create' }).waitFor(); };
const pic = (page, name) => page.screenshot({ path: `/tmp/pic/${name}.png` });
const check = async (page) => { await page.evaluate(axe.source); const { violations } = await page.evaluate('axe.run()') as any; for (const v of violations) console.log(v.impact, v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)); };
try { await (await import(process.argv[2]!)).default({ open, login, pic, check, place, browser }); } catch (e) { console.log(e); }
for (const c of browser.contexts().slice(0)) await c.close();
process.exit(0);
