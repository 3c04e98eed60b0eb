import { z } from 'zod';
import { definitionSchema } from './schema.ts';

/** The JSON Schema of a definition file, for editors; published as `definitions/definition.schema.json`. */
export function definitionJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(definitionSchema, { io: 'input' }), null, 2)}\n`;
}

if (import.meta.main) process.stdout.write(definitionJsonSchema());
