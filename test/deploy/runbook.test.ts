import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCodes } from '../../src/ops/errors.ts';
import { notReadyReasons } from '../../src/ops/readiness.ts';
import { checkout } from './compose-file.ts';
import { readAlerts } from './prometheus-files.ts';

const runbook = readFileSync(join(checkout, 'docs/runbook.md'), 'utf8');

/** The sections of the third level by their headings. */
const sections = new Map(
  runbook
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      return [heading, lines.join('\n').split(/^## /m)[0] ?? ''];
    }),
);

test('every alert and every error code has its section in the runbook, and there is no other', () => {
  const wanted = [...readAlerts().map(({ alert }) => alert), ...Object.keys(errorCodes)];
  assert.deepEqual([...sections.keys()].sort(), wanted.sort());
});

test('every section says what it means, what to look at and what to do', () => {
  for (const [heading, text] of sections) {
    const parts = [...text.matchAll(/^\*\*(.+?):\*\* \S/gm)].map(([, part]) => part);
    assert.deepEqual(parts, ['It means', 'Look at', 'Do'], heading);
  }
});

test('every error code has its exit code in the runbook', () => {
  for (const [code, { exit }] of Object.entries(errorCodes))
    assert.match(sections.get(code) ?? '', new RegExp(`Exit\\s+code ${exit}\\b`), code);
});

test('every reason of /readyz is in the table', () => {
  const rows = [...runbook.matchAll(/^\| `([a-z-]+)`/gm)].map(([, reason]) => reason);
  assert.deepEqual(rows, [...notReadyReasons]);
});

test('every alert points at its section, and every link within the runbook leads somewhere', () => {
  const anchors = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replaceAll(' ', '-'),
  );
  for (const { alert, annotations } of readAlerts())
    assert.equal(annotations.runbook, `docs/runbook.md#${alert.toLowerCase()}`);
  const links = [...runbook.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor ?? '');
  assert.ok(links.length > 20);
  for (const link of links) assert.ok(anchors.includes(link), link);
});
