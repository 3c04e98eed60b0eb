import { join } from 'node:path';
import { unpackDebian } from './debian.ts';
import type { Say } from './fetched.ts';
import { run } from './run.ts';

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** The machine's own prometheus and promtool, or else those of Debian's package. */
export async function findPrometheus(say?: Say): Promise<PrometheusPrograms> {
  const onPath = async (name: string): Promise<string> =>
    (await run('sh', ['-c', `command -v ${name}`])).trim();
  try {
    return { prometheus: await onPath('prometheus'), promtool: await onPath('promtool') };
  } catch {
    const folder = await unpackDebian('prometheus', say);
    return { prometheus: join(folder, 'usr/bin/prometheus'), promtool: join(folder, 'usr/bin/promtool') };
  }
}
