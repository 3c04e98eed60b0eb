import type { Overview } from './overview.ts';
import type { Pipeline } from './pipeline.ts';

export interface HeartbeatOptions {
  readonly overview: Pick<Overview, 'heartbeats'>;
  readonly pipeline: Pick<Pipeline, 'durable' | 'dispatcher'>;
  readonly signal: AbortSignal;
}

/** Tells of each heartbeat when all that was committed before it is durable, until aborted. */
export async function followHeartbeats({ overview, pipeline, signal }: HeartbeatOptions): Promise<never> {
  const { heartbeats } = overview;
  for (;;) {
    const { lsn } = await heartbeats.next(signal);
    await pipeline.dispatcher.until(() => pipeline.durable >= lsn, signal);
    heartbeats.reached(pipeline.durable);
  }
}
