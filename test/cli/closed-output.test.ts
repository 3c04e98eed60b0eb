import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { checkout } from '../../dev/stack/paths.ts';

it('a command whose answer nobody reads to its end has not failed', async () => {
  const child = spawn(process.execPath, [join(checkout, 'src/cli/main.ts'), 'help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [stderr, ended] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.deepEqual({ ended, stderr }, { ended: [0, null], stderr: '' });
});
