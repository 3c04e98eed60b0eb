import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lastLogLines } from '../../dev/demo/service-log.ts';

describe("the end of the service's log", () => {
  it('is told in words, with the details behind', () => {
    const line =
      '{"level":40,"time":"2026-11-24T05:38:06.502Z","server":"redis","n":2,"msg":"redis failed; retrying"}';
    assert.deepEqual(lastLogLines(`${line}\n`, 3), [
      '05:38:06 warn  redis failed; retrying  server=redis  n=2',
    ]);
  });

  it('is its last lines, and leaves those that are no log entries as they are', () => {
    const log = 'first\n\nPROJ_PREFLIGHT: no publication\n  fix: Run init.\n{"level":30}\n';
    assert.deepEqual(lastLogLines(log, 3), [
      'PROJ_PREFLIGHT: no publication',
      '  fix: Run init.',
      '{"level":30}',
    ]);
  });

  it('is nothing where nothing was logged', () => {
    assert.deepEqual(lastLogLines('', 3), []);
  });
});
