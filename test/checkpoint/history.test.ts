import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHistory } from '../../src/checkpoint/history.ts';

const resync = { code: 'PROJ_RESYNC_REQUIRED' };

describe('the stream behind the resume point', () => {
  const options = { from: 100n, durable: { lsn: 300n, lastCommit: { lsn: 250n, xid: 7 } } };

  it('may bring what it brought before, and anything after the resume point', () => {
    const history = createHistory(options);
    history.reached(150n);
    history.committed({ lsn: 160n, xid: 5 });
    history.reached(240n);
    history.committed({ lsn: 250n, xid: 7 });
    history.reached(300n);
    history.committed({ lsn: 310n, xid: 9 });
  });

  it('must bring the last commit again', () => {
    assert.throws(() => createHistory(options).reached(250n), resync);
    assert.throws(() => createHistory(options).reached(400n), resync);
  });

  it('must bring it as the same transaction', () => {
    assert.throws(() => createHistory(options).committed({ lsn: 250n, xid: 8 }), resync);
  });

  it('must not bring a commit after the last one', () => {
    const history = createHistory(options);
    history.committed({ lsn: 250n, xid: 7 });
    assert.throws(() => history.committed({ lsn: 280n, xid: 8 }), resync);
    assert.throws(
      () =>
        createHistory({ ...options, durable: { lsn: 300n, lastCommit: null } }).committed({
          lsn: 280n,
          xid: 8,
        }),
      resync,
    );
  });

  it('has nothing to repeat where the slot is past the last commit', () => {
    const history = createHistory({ ...options, from: 250n });
    history.reached(300n);
    assert.throws(() => history.committed({ lsn: 300n, xid: 8 }), resync);
  });
});
