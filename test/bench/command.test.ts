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

  for (const args of [
    [],
    ['speed'],
    ['snapshot', 'memory'],
    ['snapshot', '--runs', '0'],
    ['snapshot', '--films', 'many'],
    ['snapshot', '--servers', 'docker'],
    ['snapshot', '--fast'],
  ]) {
    it(`does not understand "${args.join(' ')}"`, () => {
      assert.throws(() => parseCommand(args), UsageError);
    });
  }
});
