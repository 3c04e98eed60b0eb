import type { Client } from 'pg';
import type { Bed } from './bed.ts';
import { cpuBetween, startService, type Cpu } from './service.ts';
import { currentLsn, durable } from './slot.ts';

/** How a service that had been away took what was committed meanwhile. */
export interface Drained {
  /** From when it holds the slot until all of it is durable. */
  readonly seconds: number;
  readonly peakMemoryMib: number;
  /** CPU seconds in that time. */
  readonly cpu: Cpu;
}

/** Starts the service, waits until all that is committed by now is durable, and stops it. */
export async function drain(bed: Bed, client: Client): Promise<Drained> {
  const target = await currentLsn(client);
  await using service = startService(bed, ['run']);
  const began = await service.saying('"holding the slot"');
  const over = new AbortController();
  await Promise.race([durable(bed, target, over.signal), service.ended]).finally(() => over.abort());
  const done = service.moment();
  await service.stop();
  return {
    seconds: (done.atMs - began.atMs) / 1000,
    peakMemoryMib: service.peakMemoryMib,
    cpu: cpuBetween(began, done),
  };
}
