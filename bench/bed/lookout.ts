import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Bed } from './bed.ts';

/** Waits for edits in the films' documents, got by their ids. */
export interface Lookout {
  /** Resolves with the time, on this process's clock in ms, at which a film's document has this title. */
  arrival(id: string, title: string): Promise<number>;
}

interface Awaited {
  readonly id: string;
  readonly title: string;
  readonly arrived: PromiseWithResolvers<number>;
}

/** One request with a pause behind it asks for all that have not arrived: to be looked for is to cost the servers little. */
export function openLookout(bed: Bed, pollMs: number, signal: AbortSignal): Lookout {
  const awaited = new Set<Awaited>();

  const look = async (): Promise<void> => {
    const asked = [...awaited];
    const { docs } = await ask<{ docs: { _source?: { title: string } }[] }>(
      bed,
      'movies/_mget?_source_includes=title',
      { ids: asked.map(({ id }) => id) },
    );
    const nowMs = performance.now();
    for (const [position, one] of asked.entries()) {
      if (docs[position]?._source?.title !== one.title) continue;
      awaited.delete(one);
      one.arrived.resolve(nowMs);
    }
  };
  const lookForAll = async (): Promise<void> => {
    while (awaited.size > 0) {
      await look();
      await sleep(pollMs, undefined, { signal });
    }
  };

  let looking: Promise<void> = Promise.resolve();
  return {
    arrival(id, title) {
      const arrived = Promise.withResolvers<number>();
      arrived.promise.catch(() => undefined);
      awaited.add({ id, title, arrived });
      if (awaited.size === 1) {
        looking = looking.then(lookForAll);
        looking.catch((error: unknown) => {
          for (const one of awaited) one.arrived.reject(error);
          awaited.clear();
        });
      }
      return arrived.promise;
    },
  };
}
