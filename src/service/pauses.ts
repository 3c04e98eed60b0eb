import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ProjectorError } from '../ops/errors.ts';
import { parseValue } from '../servers/redis-values.ts';
import type { Redis } from '../servers/redis.ts';

/**
 * Remembers in Redis that the service is paused, through restarts of it, until somebody lets it go on. It is no request:
 * whoever holds the slot looks at it, so that pausing and resuming are the same with a service or without.
 */
export interface PauseStore {
  /** Since when it is paused, as ISO 8601; null when it is not. */
  read(): Promise<string | null>;
  /** Pauses; where it is paused already, since then. */
  pause(at: Date): Promise<void>;
  resume(): Promise<void>;
}

/** Keeps it under `projector:<name>:paused`. */
export function createPauseStore(redis: Redis, name: string): PauseStore {
  const key = `projector:${name}:paused`;
  return {
    async read() {
      const since = await redis.get(key);
      return since === null ? null : parseValue(key, JSON.stringify(since), z.iso.datetime());
    },
    async pause(at) {
      await redis.set(key, at.toISOString(), 'NX');
    },
    async resume() {
      await redis.del(key);
    },
  };
}

const LOOK_MS = 500;

export interface PauseWatch {
  /** Since when it is paused; null when it is not. A Redis that is away is waited for. */
  readonly pausedSince: () => Promise<string | null>;
  readonly signal: AbortSignal;
}

/** Resolves once it is paused. */
export async function untilPaused({ pausedSince, signal }: PauseWatch): Promise<void> {
  while ((await pausedSince()) === null) await delay(LOOK_MS, undefined, { signal });
}

export interface PausedOptions extends PauseWatch {
  /** Bytes of WAL that the slot keeps. */
  readonly retainedBytes: () => Promise<number>;
  /** Throws when the stream has ended, which nobody reads meanwhile. */
  readonly assertStreaming: () => void;
  /** Told at intervals: since when, and how many bytes of WAL the slot keeps. */
  readonly onPaused: (since: string, retainedBytes: number) => void;
  readonly now: () => number;
}

const WAL_LOOK_MS = 5_000;

/** Resolves once it is not paused any more, or at once. */
export async function untilResumed(options: PausedOptions): Promise<void> {
  const { pausedSince, retainedBytes, assertStreaming, onPaused, now, signal } = options;
  let lookedMs = -Infinity;
  let bytes = 0;
  for (let since = await pausedSince(); since !== null; since = await pausedSince()) {
    assertStreaming();
    if (now() - lookedMs >= WAL_LOOK_MS) {
      lookedMs = now();
      bytes = await retainedBytes();
    }
    onPaused(since, bytes);
    await delay(LOOK_MS, undefined, { signal });
  }
}

export function paused(since: string): ProjectorError {
  return new ProjectorError(
    'PROJ_PAUSED',
    `it is paused since ${since}, and nothing is read or written`,
    'Let it go on: projector resume',
  );
}
