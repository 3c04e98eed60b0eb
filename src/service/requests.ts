import { z } from 'zod';
import type { Redis } from '../servers/redis.ts';

/** What a command asks of the running service, since only the holder of the slot writes (invariant 4). */
export const requestSchema = z.object({
  kind: z.literal('snapshot'),
  indexes: z.array(z.string()),
});

export type ServiceRequest = z.output<typeof requestSchema>;

const keyOf = (name: string): string => `projector:${name}:requests`;

export async function sendRequest(redis: Redis, name: string, request: ServiceRequest): Promise<void> {
  await redis.rpush(keyOf(name), JSON.stringify(request));
}

/** The oldest request, taken from the queue; null when there is none. */
export async function takeRequest(redis: Redis, name: string): Promise<ServiceRequest | null> {
  const text = await redis.lpop(keyOf(name));
  return text === null ? null : requestSchema.parse(JSON.parse(text));
}
