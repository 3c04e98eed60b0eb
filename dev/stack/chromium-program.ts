import { withPackageLists } from './debian.ts';
import type { Say } from './fetched.ts';
import { run } from './run.ts';

/**
 * The machine's own Chromium, or else Debian's, which is installed: it needs many libraries. Only root can do that.
 *
 * @throws Error that says why there is none.
 */
export async function findChromium(say?: Say): Promise<string> {
  const onPath = async (): Promise<string> =>
    (
      await run('sh', [
        '-c',
        'command -v chromium || command -v chromium-browser || command -v google-chrome',
      ])
    ).trim();
  return onPath().catch(async () => {
    if (process.getuid?.() !== 0)
      throw new Error(
        'There is no chromium on PATH, and only root can install it (apt-get install chromium).',
      );
    say?.('Installing chromium with apt-get, once …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await withPackageLists(() =>
      run('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'], { env }),
    );
    return onPath();
  });
}
