import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess } from './process-identity.ts';

const pollMs = 100;

/** Runs the action while no other process runs one under the same lock file; waits for its turn. */
export async function locked<T>(file: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const holder = JSON.stringify(identifyProcess(process.pid));
  while (!(await create(file, holder))) {
    if (await isAbandoned(file)) await rm(file, { force: true });
    else await sleep(pollMs, undefined, { signal });
  }
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}

async function create(file: string, content: string): Promise<boolean> {
  try {
    await writeFile(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the process that has made the file has ended without removing it. */
async function isAbandoned(file: string): Promise<boolean> {
  const content = await readFile(file, 'utf8').catch(() => '');
  const pid = Number(/"pid":(\d+)/.exec(content)?.[1]);
  // Empty for the moment between being made and being written.
  return content !== '' && JSON.stringify(identifyProcess(pid)) !== content;
}
