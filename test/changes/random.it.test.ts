import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runAtRandom } from './random/run.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 8);
/** Gives the schema, the definitions and the changes of both. How they meet with the writers is another each time. */
const SEED = Number(process.env['SEED'] ?? 1);

it(`every document is what the rows make it, whatever is changed (SEED=${SEED} ROUNDS=${ROUNDS})`, async (t) => {
  const tally = await runAtRandom(t, { seed: SEED, rounds: ROUNDS });
  t.diagnostic(JSON.stringify({ ...tally, made: [...tally.made], refused: [...tally.refused] }));
  const made = [...tally.made.values()].reduce((sum, times) => sum + times, 0);
  assert.ok(made >= ROUNDS, `${made} changes were made`);
  assert.ok(tally.edits >= 20 * ROUNDS, `${tally.edits} edits were made`);
  assert.ok(tally.documents >= ROUNDS, `${tally.documents} documents were compared`);
});
