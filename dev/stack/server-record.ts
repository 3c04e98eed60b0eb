import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

const recordSchema = z.object({
  port: z.number(),
  process: z.object({ pid: z.number(), startedAt: z.string() }).optional(),
});

/** What a server's folder tells a later command of it: the port, and the process while there is one. */
export interface ServerRecord {
  readonly port: number;
  readonly process?: ProcessIdentity | undefined;
}

const fileName = 'server.json';

/** The record in `folder`; its process only if it is still running. Undefined where none can be read. */
export async function readServerRecord(folder: string): Promise<ServerRecord | undefined> {
  try {
    const record = recordSchema.parse(JSON.parse(await readFile(join(folder, fileName), 'utf8')));
    return record.process !== undefined && isRunning(record.process) ? record : { port: record.port };
  } catch {
    return undefined;
  }
}

export async function writeServerRecord(folder: string, record: ServerRecord): Promise<void> {
  await writeFile(join(folder, fileName), `${JSON.stringify(record)}\n`);
}
