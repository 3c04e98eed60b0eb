import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const checkout = join(import.meta.dirname, '../..');

/** What these tests read of a service; the rest is the published schema's to check. */
const serviceSchema = z.object({
  image: z.string(),
  build: z.unknown().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.union([z.string(), z.object({ type: z.string(), source: z.string() })])).default([]),
  healthcheck: z.object({ test: z.array(z.string()).min(2) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  stop_grace_period: z.string().default('10s'),
  restart: z.string().optional(),
  command: z.union([z.string(), z.array(z.string())]).optional(),
  profiles: z.array(z.string()).default([]),
  user: z.string().optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  mem_limit: z.string().optional(),
  secrets: z.array(z.string()).default([]),
});

type Service = z.output<typeof serviceSchema>;

const composeFile = 'docker-compose.yml';
/** What is put over it to have secrets as files. */
export const secretsFile = 'deploy/compose.secrets.yml';

function readComposeText(path: string): string {
  return readFileSync(join(checkout, path), 'utf8');
}

/** The file as compose sees it, its variables replaced by `env` or their defaults. */
export function readComposeFile(
  env: Readonly<Record<string, string>> = {},
  path: string = composeFile,
): unknown {
  const replace = (_: unknown, value: unknown): unknown =>
    typeof value === 'string' ? interpolate(value, env) : value;
  return parse(readComposeText(path), replace, { merge: true });
}

/** The services by name. */
export function readServices(env: Readonly<Record<string, string>> = {}): Record<string, Service> {
  const fileSchema = z.object({ services: z.record(z.string(), serviceSchema) });
  return fileSchema.parse(readComposeFile(env)).services;
}

/** What the secrets' file has of each service, and the secrets that it declares. */
export function readSecretsFile() {
  const overlaySchema = z.object({
    services: z.record(z.string(), serviceSchema.pick({ environment: true, secrets: true })),
    secrets: z.record(z.string(), z.object({ file: z.string() })),
  });
  return overlaySchema.parse(readComposeFile({}, secretsFile));
}

/**
 * `text` with each `${NAME:-default}` replaced, the innermost first.
 *
 * @see https://docs.docker.com/reference/compose-file/interpolation/
 */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  const innermost = /\$\{(\w+):-([^{}]*)\}/g;
  const replaced = text.replace(innermost, (_, name: string, fallback: string) => env[name] || fallback);
  return replaced === text ? text : interpolate(replaced, env);
}

/** Every variable that the file reads, with its default, where that is no other variable's. */
export function readVariables(): Map<string, string> {
  return new Map(
    [...readComposeText(composeFile).matchAll(/\$\{(\w+):-([^{}$]*)/g)].map(([, name, fallback]) => [
      name ?? '',
      fallback ?? '',
    ]),
  );
}
