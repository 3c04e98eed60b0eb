import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRequestSize } from '../../src/loader/request-size.ts';

describe('The size of a bulk request', () => {
  it('begins at what was set, and never exceeds it', () => {
    const size = createRequestSize(1_000);
    assert.equal(size.maxBytes, 1_000);
    size.taken(1_000);
    assert.equal(size.maxBytes, 1_000);
  });

  it('is half of what was refused', () => {
    const size = createRequestSize(1_000);
    size.refused(600);
    assert.equal(size.maxBytes, 300);
    // One that was sent before that.
    size.refused(900);
    assert.equal(size.maxBytes, 300);
  });

  it('grows by what is taken, if that is not small', () => {
    const size = createRequestSize(1_000);
    size.refused(1_000);
    size.taken(100);
    assert.equal(size.maxBytes, 500);
    size.taken(400);
    assert.equal(size.maxBytes, 550);
    for (let request = 0; request < 10; request++) size.taken(size.maxBytes);
    assert.equal(size.maxBytes, 1_000);
  });

  it('is half of what was not answered twice, with nothing like it taken in between', () => {
    const size = createRequestSize(1_000);
    size.unanswered(800);
    size.taken(400);
    size.unanswered(800);
    assert.equal(size.maxBytes, 1_000);
    size.taken(399);
    size.unanswered(600);
    assert.equal(size.maxBytes, 400);
    size.unanswered(400);
    assert.equal(size.maxBytes, 400);
    size.unanswered(400);
    assert.equal(size.maxBytes, 200);
  });

  it('is never less than a small part of what was set', () => {
    const size = createRequestSize(1_600);
    for (let request = 0; request < 20; request++) size.refused(1);
    assert.equal(size.maxBytes, 100);
    for (let request = 0; request < 50; request++) size.taken(size.maxBytes);
    assert.equal(size.maxBytes, 1_600);
  });
});
