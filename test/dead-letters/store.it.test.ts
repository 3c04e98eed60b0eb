import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createDeadLetterIndex, type DeadLetterIndex } from '../../src/loader/dead-letter-index.ts';
import { createDeadLetters, type DeadLetters } from '../../src/loader/dead-letters.ts';
import { createDelivery, MAX_WRITE_AGE_MS } from '../../src/loader/delivery.ts';
import { createLogger } from '../../src/ops/log.ts';
import { createElasticsearch, type Elasticsearch } from '../../src/servers/elasticsearch.ts';
import { sharedServers } from '../support/shared-servers.ts';

describe('a dead letter', () => {
  it('is as of the last refusal, whichever comes last, and since the first', async () => {
    await using bed = await open();
    await bed.settle(10n, { refused: ['a', 'b'] });
    bed.time += 1_000;
    await bed.settle(20n, { refused: ['a'] });
    await bed.settle(15n, { refused: ['a'] });
    const letters = await bed.store.among(bed.physical, ['a', 'b', 'c']);
    assert.deepEqual(
      [...letters.values()].map(({ id, version, at }) => ({ id, version, at })),
      [
        { id: 'a', version: 20n, at: new Date(0).toISOString() },
        { id: 'b', version: 10n, at: new Date(0).toISOString() },
      ],
    );
    assert.equal(bed.letters.count(bed.physical), 2);
  });

  it('leaves at a later version, and no late refusal of before brings it back', async () => {
    await using bed = await open();
    await bed.settle(10n, { refused: ['a', 'b'] });
    await bed.settle(20n, { accepted: ['a'] });
    await bed.settle(15n, { refused: ['a'] });
    assert.deepEqual(await bed.ids(), ['b']);
    assert.equal(bed.letters.count(bed.physical), 1);
    await bed.settle(30n, { refused: ['a'] });
    assert.deepEqual(await bed.ids(), ['a', 'b']);
  });

  it('stays when an older version than the refused is accepted late', async () => {
    await using bed = await open();
    await bed.settle(20n, { refused: ['a'] });
    await bed.settle(10n, { accepted: ['a'] });
    assert.deepEqual(await bed.ids(), ['a']);
    assert.equal(bed.letters.count(bed.physical), 1);
  });

  it('is known to the next holder, who forgets it like its own', async () => {
    await using bed = await open();
    await bed.settle(10n, { refused: ['a', 'b'] });
    const next = bed.holder();
    await next.open([bed.physical]);
    assert.equal(next.count(bed.physical), 2);
    await next.settle(bed.batch(20n, { accepted: ['a', 'x'] }));
    assert.deepEqual(await bed.ids(), ['b']);
    assert.equal(next.count(bed.physical), 1);
  });

  it('that could not be stored in time is to be had by another read, as is one that could not be removed', async () => {
    await using bed = await open();
    await bed.settle(10n, { refused: ['a'] });
    bed.writeAgeMs = MAX_WRITE_AGE_MS + 1;
    const late = bed.batch(20n, { accepted: ['a', 'x'], refused: ['b'] });
    assert.deepEqual((await bed.letters.settle(late)).toSorted(), ['a', 'b']);
    assert.deepEqual(await bed.ids(), ['a']);
    bed.writeAgeMs = 0;
    await bed.settle(30n, { accepted: ['a'], refused: ['b'] });
    assert.deepEqual(await bed.ids(), ['b']);
    assert.equal(bed.letters.count(bed.physical), 1);
  });

  it('can be dropped, and comes again when the document is refused again', async () => {
    await using bed = await open();
    await bed.settle(10n, { refused: ['a', 'b'] });
    await bed.letters.drop(bed.physical, ['a', 'nothing']);
    assert.deepEqual(await bed.ids(), ['b']);
    assert.equal(bed.letters.count(bed.physical), 1);
    await bed.settle(11n, { refused: ['a'] });
    assert.deepEqual(await bed.ids(), ['a', 'b']);
  });

  it('goes with the physical index that refused the document', async () => {
    await using bed = await open();
    const other = `${bed.physical}-other`;
    await bed.client.indices.create({ index: other });
    await bed.settle(10n, { refused: ['a'] });
    await bed.letters.settle({ ...bed.batch(10n, { refused: ['a', 'b'] }), physical: other });
    await bed.letters.sweep();
    assert.deepEqual(await bed.store.counts(), new Map([['films', 3]]));
    await bed.client.indices.delete({ index: other });
    await bed.letters.sweep();
    assert.deepEqual(await bed.store.counts(), new Map([['films', 1]]));
    assert.deepEqual(await bed.ids(), ['a']);
  });

  it('is written into no index that would come about by itself', async () => {
    await using bed = await open();
    await bed.store.drop();
    await assert.rejects(bed.settle(10n, { refused: ['a'] }), { code: 'PROJ_INDEX_MISSING' });
    assert.deepEqual(await bed.store.counts(), new Map());
    assert.deepEqual(await bed.ids(), []);
  });
});

describe('more dead letters in a minute than are allowed', () => {
  it('are an error, for the next holder too, and none of those that would be too many is kept', async () => {
    await using bed = await open({ perMinute: 3 });
    await bed.settle(10n, { refused: ['a', 'b'] });
    await assert.rejects(bed.settle(11n, { refused: ['c', 'd'] }), { code: 'PROJ_TOO_MANY_DEAD_LETTERS' });
    assert.deepEqual(await bed.ids(), ['a', 'b']);
    await bed.settle(12n, { refused: ['c'] });
    const next = bed.holder();
    await next.open([bed.physical]);
    await assert.rejects(next.settle(bed.batch(13n, { refused: ['d'] })), {
      code: 'PROJ_TOO_MANY_DEAD_LETTERS',
    });
  });

  it('are no more of them when a minute has passed, nor when they are refused again', async () => {
    await using bed = await open({ perMinute: 2 });
    await bed.settle(10n, { refused: ['a', 'b'] });
    await bed.settle(11n, { refused: ['b', 'a'] });
    bed.pass(60_000);
    await bed.settle(12n, { refused: ['c', 'd', 'a'] });
    await assert.rejects(bed.settle(13n, { refused: ['e'] }), { code: 'PROJ_TOO_MANY_DEAD_LETTERS' });
    assert.deepEqual(await bed.ids(), ['a', 'b', 'c', 'd']);
  });

  it('are counted by the time that has passed, whatever the clock says', async () => {
    await using bed = await open({ perMinute: 2 });
    await bed.settle(10n, { refused: ['a', 'b'] });
    bed.time += DAY_MS;
    await assert.rejects(bed.settle(11n, { refused: ['c'] }), { code: 'PROJ_TOO_MANY_DEAD_LETTERS' });
    bed.time -= 2 * DAY_MS;
    await assert.rejects(bed.settle(11n, { refused: ['c'] }), { code: 'PROJ_TOO_MANY_DEAD_LETTERS' });
    bed.pass(60_000);
    await bed.settle(12n, { refused: ['c', 'd'] });
    // Those that seem to be of another day are not of the last minute.
    bed.time += 3 * DAY_MS;
    const next = bed.holder();
    await next.open([bed.physical]);
    await next.settle(bed.batch(13n, { refused: ['e', 'f'] }));
    assert.deepEqual(await bed.ids(), ['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('may be as many as they are, by 0', async () => {
    await using bed = await open({ perMinute: 0 });
    const refused = Array.from({ length: 1_500 }, (_, at) => `id ${at}`);
    await bed.settle(10n, { refused });
    assert.deepEqual(await bed.ids(), refused.toSorted());
    const next = bed.holder();
    await next.open([bed.physical]);
    await next.settle(bed.batch(11n, { accepted: refused }));
    assert.deepEqual(await bed.ids(), []);
    assert.equal(next.count(bed.physical), 0);
  });

  it('may be as many as they are, of an index that another is to replace', async () => {
    await using bed = await open({ perMinute: 2, isReplaced: true });
    await bed.settle(10n, { refused: ['a', 'b', 'c'] });
    assert.deepEqual(await bed.ids(), ['a', 'b', 'c']);
    const next = bed.holder();
    await next.open([bed.physical]);
    await next.settle(bed.batch(11n, { refused: ['a', 'b', 'c', 'd'] }));
    assert.equal(next.count(bed.physical), 4);
  });
});

const DAY_MS = 86_400_000;

interface Outcome {
  readonly refused?: readonly string[];
  readonly accepted?: readonly string[];
}

interface Bed extends AsyncDisposable {
  readonly client: Elasticsearch;
  readonly store: DeadLetterIndex;
  readonly letters: DeadLetters;
  readonly physical: string;
  /** What the clock says, in ms since 1970. */
  time: number;
  /** Lets so many ms pass. */
  pass(ms: number): void;
  /** How long ago all that is written was read. */
  writeAgeMs: number;
  /** Another holder of the same letters. */
  holder(): DeadLetters;
  batch(version: bigint, outcome: Outcome): Parameters<DeadLetters['settle']>[0];
  settle(version: bigint, outcome: Outcome): Promise<void>;
  /** The documents that have a letter. */
  ids(): Promise<string[]>;
}

/** A physical index, and the dead letters of a projector of its own. */
async function open({ perMinute = 100, isReplaced = false } = {}): Promise<Bed> {
  const client = createElasticsearch({ elasticsearchUrls: [sharedServers().elasticsearchUrl] }, 30_000);
  const name = `t_${randomBytes(6).toString('hex')}`;
  const store = createDeadLetterIndex(client, { name, prefix: '' });
  const physical = `${name}-films`;
  await client.indices.create({ index: physical });
  let passedMs = 0;
  const holder = (): DeadLetters =>
    createDeadLetters({
      store,
      deliver: createDelivery({
        client,
        bulkBytes: 1_000_000,
        assertHolder: () => Promise.resolve(),
        retry: (action) => action(),
        now: () => bed.writeAgeMs,
      }),
      retry: (action) => action(),
      perMinute,
      isReplaced: () => isReplaced,
      log: createLogger('silent'),
      clock: () => bed.time,
      now: () => passedMs,
    });
  const batch: Bed['batch'] = (version, { refused = [], accepted = [] }) => ({
    index: 'films',
    physical,
    refused: refused.map((id) => ({ id, status: 400, type: 'document_parsing_exception', reason: 'it' })),
    accepted,
    version,
    readAtMs: 0,
  });
  const bed: Bed = {
    client,
    store,
    letters: holder(),
    physical,
    time: 0,
    writeAgeMs: 0,
    pass(ms) {
      bed.time += ms;
      passedMs += ms;
    },
    holder,
    batch,
    async settle(version, outcome) {
      assert.deepEqual(await bed.letters.settle(batch(version, outcome)), []);
    },
    async ids() {
      const ids: string[] = [];
      for await (const page of store.pages({ physical })) ids.push(...page.map(({ id }) => id));
      return ids.sort();
    },
    [Symbol.asyncDispose]: async () => {
      await store.drop();
      await client.indices.delete({ index: physical });
      await client.close();
    },
  };
  await bed.letters.open([physical]);
  return bed;
}
