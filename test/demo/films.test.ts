import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { demoFilms } from '../../dev/demo/films.ts';

/** Ids and titles of the films in order. */
async function films(total: number): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const batch of demoFilms(total))
    for (const { id, title } of batch.film_work) found.set(id, title);
  return found;
}

describe("the demo's films", () => {
  it('are as many as asked for, the real ones first, and the same each time', async () => {
    const once = await films(4_500);
    assert.equal(once.size, 4_500);
    assert.deepEqual([...(await films(4_500))], [...once]);
    const titles = [...once.values()].slice(0, 3_500);
    for (const title of ['Raiders of the Lost Ark', 'Alien', 'Gigli'])
      assert.ok(titles.includes(title), title);
  });
});
