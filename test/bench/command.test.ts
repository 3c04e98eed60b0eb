import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figureNames, parseCommand, UsageError } from '../../bench/command.ts';

describe('The command line of the benchmark', () => {
  it('measures one figure of 36,000 films three times unless told otherwise', () => {
    assert.deepEqual(parseCommand(['snapshot']), {
      kind: 'bench',
      figures: ['snapshot'],
      films: 36_000,
      runs: 3,
      seed: 1,
      servers: 'own',
    });
  });

  it('takes all figures, and numbers', () => {
    const command = parseCommand([
      'all',
      '--films',
      '1000',
      '--runs',
      '5',
      '--seed',
      '0',
      '--servers',
      'stack',
    ]);
    assert.deepEqual(command, {
      kind: 'bench',
      figures: figureNames,
      films: 1000,
      runs: 5,
      seed: 0,
      servers: 'stack',
    });
  });

  it('measures beside PGSync what there is a measurement of', () => {
    const command = parseCommand(['all', '--peer', 'pgsync']);
    assert.ok(command.kind === 'bench');
    assert.deepEqual(command.figures, ['snapshot', 'stream', 'latency']);
    assert.equal(command.peer, 'pgsync');
  });

  it('says which figures PGSync is measured in, when asked for another one', () => {
    assert.throws(() => parseCommand(['fanout', '--peer', 'pgsync']), {
      name: 'UsageError',
      message: /only for snapshot, stream, latency/,
    });
  });

  for (const args of [
    [],
    ['speed'],
    ['snapshot', 'memory'],
    ['snapshot', '--runs', '0'],
    ['snapshot', '--films', 'many'],
    ['snapshot', '--servers', 'docker'],
    ['snapshot', '--fast'],
    ['snapshot', '--peer', 'debezium'],
  ]) {
    it(`does not understand "${args.join(' ')}"`, () => {
      assert.throws(() => parseCommand(args), UsageError);
    });
  }
});
