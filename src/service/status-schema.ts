import { z } from 'zod';
import { statusSchema } from './status.ts';

/** The JSON Schema of `/status` and of what `status --json` says of the service; published as docs/status.schema.json. */
export function statusJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(statusSchema), null, 2)}\n`;
}

if (import.meta.main) process.stdout.write(statusJsonSchema());
