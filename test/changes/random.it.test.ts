import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runAtRandom } from './random/run.ts';
import { describeTally } from './random/tally.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 8);
/** Gives the schema, the definitions and the changes of both. How they meet with the edits is another each time. */
const SEED = Number(process.env['SEED'] ?? 1);

it(`every document is what the rows make it, whatever is changed (SEED=${SEED} ROUNDS=${ROUNDS})`, async (t) => {
  const tally = await runAtRandom(t, { seed: SEED, rounds: ROUNDS });
  const told = describeTally(tally);
  assert.ok(tally.made.size >= ROUNDS, told);
  assert.ok(tally.edits >= 15 * ROUNDS, told);
  assert.ok(tally.documents > 0, told);
});
