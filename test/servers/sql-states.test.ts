import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { isRefusedQuery } from '../../src/servers/postgres.ts';
import { refusalInWords, withoutValues } from '../../src/servers/sql-states.ts';

function failure(code: string): Error {
  return Object.assign(new pg.DatabaseError('it shows "a value"', 0, 'error'), { code });
}

describe('an error of Postgres', () => {
  it('is said by what its SQLSTATE means where its own words may show values', () => {
    const cases = [
      ['22012', 'division by zero (SQLSTATE 22012)'],
      ['22P02', 'a text is not a value of the type it is cast to (SQLSTATE 22P02)'],
      ['2203A', 'a data exception (SQLSTATE 2203A)'],
      ['P0001', 'a PL/pgSQL function raised it (SQLSTATE P0001)'],
      ['ZX001', 'an error that Postgres gives (SQLSTATE ZX001)'],
    ] as const;
    for (const [code, words] of cases) {
      assert.equal(refusalInWords(failure(code)), words);
      assert.equal(withoutValues(failure(code)), `Postgres refuses a query: ${words}`);
    }
  });

  it('keeps its own words where it is about names, rights, or no query', () => {
    for (const code of ['42703', '42501', '3F000', '57P01', '53300', '08006', '55006']) {
      assert.equal(refusalInWords(failure(code)), null, code);
      assert.match(withoutValues(failure(code)), /it shows "a value"/, code);
    }
    assert.equal(withoutValues(new Error('another')), 'another');
  });

  it('may be of what is in a row unless it is about the session, the transaction or the server', () => {
    for (const code of ['22012', '0A000', '23514', '42804', '54000', 'P0001', 'XX000'])
      assert.ok(isRefusedQuery(failure(code)), code);
    for (const code of [
      '08006',
      '25P02',
      '26000',
      '28P01',
      '40001',
      '53200',
      '55P03',
      '57014',
      '57P01',
      '58030',
    ])
      assert.ok(!isRefusedQuery(failure(code)), code);
    assert.ok(!isRefusedQuery(new Error('the connection ended')));
  });
});
