import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identity } from '../../dev/load/identity.ts';

describe('identity', () => {
  it('is the same for the same parts, today and for good', () => {
    assert.equal(identity('film', 'Metropolis', 1927, 1), identity('film', 'Metropolis', 1927, 1));
    assert.equal(identity('genre', 'Drama'), '78a2ecc1-d7ba-5739-9484-56e0299cf949');
  });

  it('is a UUID of version 5', () => {
    for (let n = 0; n < 100; n++) {
      assert.match(identity('n', n), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it('keeps parts apart', () => {
    assert.notEqual(identity('person', 'ab', 'c'), identity('person', 'a', 'bc'));
  });
});
