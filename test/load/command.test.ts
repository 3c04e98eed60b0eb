import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCommand, UsageError } from '../../dev/load/command.ts';

const databaseUrl = undefined;

describe('the command line of npm run load', () => {
  it('names a source', () => {
    assert.deepEqual(parseCommand(['films']), { kind: 'films', databaseUrl });
    assert.deepEqual(parseCommand(['generated', '--films', '10']), {
      kind: 'generated',
      films: 10,
      seed: 1,
      databaseUrl,
    });
    assert.deepEqual(parseCommand(['generated', '--films=10', '--seed', '0']), {
      kind: 'generated',
      films: 10,
      seed: 0,
      databaseUrl,
    });
    assert.deepEqual(parseCommand(['ndjson', 'a.gz', '--database-url', 'postgres://h/d']), {
      kind: 'ndjson',
      path: 'a.gz',
      databaseUrl: 'postgres://h/d',
    });
    assert.deepEqual(parseCommand(['sqlite', 'old.db']), { kind: 'sqlite', path: 'old.db', databaseUrl });
  });

  it('asks for help', () => {
    assert.deepEqual(parseCommand(['--help']), { kind: 'help' });
    assert.deepEqual(parseCommand(['sqlite', '-h']), { kind: 'help' });
  });

  for (const [args, message] of [
    [[], 'Load what? One of films, generated, ndjson, sqlite.'],
    [['movies'], 'There is no source "movies": it is one of films, generated, ndjson, sqlite.'],
    [['films', 'x'], '`films` takes no "x".'],
    [['films', '--seed', '1'], '--films and --seed belong to `generated`.'],
    [['generated'], '`generated` needs --films.'],
    [['generated', '--films', '0'], '--films must be a whole number from 1 to 2147483647, not "0".'],
    [['generated', '--films', '1e3'], '--films must be a whole number from 1 to 2147483647, not "1e3".'],
    [
      ['generated', '--films', '3', '--seed', 'x'],
      '--seed must be a whole number from 0 to 2147483647, not "x".',
    ],
    [['ndjson'], '`ndjson` takes one file: npm run load -- ndjson PATH'],
    [['sqlite', 'a', 'b'], '`sqlite` takes one file: npm run load -- sqlite PATH'],
  ] as const) {
    it(`refuses \`${args.join(' ')}\``, () => {
      assert.throws(() => parseCommand(args), new UsageError(message));
    });
  }

  it('refuses an unknown option', () => {
    assert.throws(() => parseCommand(['films', '--what']), UsageError);
  });
});
