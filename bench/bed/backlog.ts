import type { Client } from 'pg';
import type { Bed } from './bed.ts';
import { cpuBetween, startService, type Cpu, type Moment, type Service } from './service.ts';
import { currentLsn, durable, markEnd } from './slot.ts';

/** How a service that had been away, or had stood still, took what was committed meanwhile. */
export interface Drained {
  /** From when it holds the slot, or goes on, until all of it is durable. */
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
  const drained = await drainedSince(began, service, bed, target);
  await service.stop();
  return drained;
}

/** Has a service that is up stand still while `commit` commits, and go on until all of that is durable. */
export async function drainHeld<T>(
  service: Service,
  bed: Bed,
  client: Client,
  commit: () => Promise<T>,
): Promise<Drained & { readonly committed: T }> {
  await follows(service, bed, await markEnd(client));
  service.hold();
  const committed = await commit();
  const target = await currentLsn(client);
  const began = service.moment();
  service.goOn();
  return { ...(await drainedSince(began, service, bed, target)), committed };
}

async function drainedSince(began: Moment, service: Service, bed: Bed, target: string): Promise<Drained> {
  await follows(service, bed, target);
  const done = service.moment();
  return {
    seconds: (done.atMs - began.atMs) / 1000,
    peakMemoryMib: service.peakMemoryMib,
    cpu: cpuBetween(began, done),
  };
}

/** Resolves once all up to an LSN is durable; rejects when the service ends before. */
async function follows(service: Service, bed: Bed, lsn: string): Promise<void> {
  const over = new AbortController();
  await Promise.race([durable(bed, lsn, over.signal), service.ended]).finally(() => over.abort());
}
