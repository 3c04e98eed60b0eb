import type { Drift } from './findings.ts';
import type { Eyes, Suspect } from './look.ts';

export interface Settled {
  readonly drifting: readonly Drift[];
  readonly deadLettered: readonly string[];
  readonly unsettled: readonly string[];
}

export interface SettleOptions {
  readonly eyes: Eyes;
  /** Waits until everything that is committed at this moment is durable. */
  readonly cover: () => Promise<void>;
  /** Those of the ids that are dead-lettered. */
  readonly deadLettered: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** A document that changes faster than the stream can be waited for is looked at so often. */
const LOOKS = 20;

/** Tells those that differ indeed from those for which the stream had still to bring a change. */
export async function settle(
  suspects: readonly Suspect[],
  { eyes, cover, deadLettered }: SettleOptions,
): Promise<Settled> {
  const drifting: Suspect[] = [];
  let open = suspects;
  for (let looks = 0; open.length > 0 && looks < LOOKS; looks++) {
    await cover();
    const confirmed = await eyes.confirm(open);
    drifting.push(...confirmed);
    const moved = open.filter((suspect) => !confirmed.has(suspect));
    open = await eyes.look(moved.map(({ id }) => id));
  }
  const dead = await deadLettered(drifting.map(({ id }) => id));
  return {
    drifting: drifting.filter(({ id }) => !dead.has(id)),
    deadLettered: [...dead],
    unsettled: open.map(({ id }) => id),
  };
}
