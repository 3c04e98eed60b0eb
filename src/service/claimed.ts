import type { Debouncer } from '../debouncer/debouncer.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Project, Target } from './projection.ts';

/** Reads and writes documents, each once nobody else has it under way (invariant 4, single flight). */
export function createClaimedProjection(
  debouncer: Debouncer,
  dispatcher: Dispatcher,
  project: Project,
  signal: AbortSignal,
): Project {
  return async (target: Target, ids: readonly string[]) => {
    const left = new Set(ids);
    while (left.size > 0) {
      let claimed: string[] = [];
      await dispatcher.until(() => {
        claimed = debouncer.claim(target.index.name, [...left]);
        return claimed.length > 0;
      }, signal);
      await project(target, claimed);
      debouncer.release(target.index.name, claimed);
      for (const id of claimed) left.delete(id);
      dispatcher.dispatch();
    }
  };
}
