import { composeVariables } from './compose-variables.ts';
import { listSettings } from './table.ts';

/** Prefixes that only our settings have. */
const ownPrefixes = ['PROJECTOR_', 'DEBOUNCE_', 'SNAPSHOT_'];

/** What Kubernetes sets in every container for a Service of any name, `projector` included. */
const serviceLink = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/**
 * Variables that look like a misspelt setting of ours. A misspelt setting silently has its default, which is the
 * worst kind of wrong; but the environment is shared with everything else on the machine. So a name with a prefix
 * that is only ours is an **error**: nobody else can have meant it. A name that is merely close to one of ours
 * (`REDIS_URI`) may be somebody else's and is only a **warning**.
 */
export function findStrayVariables(env: Readonly<Record<string, string | undefined>>): {
  errors: string[];
  warnings: string[];
} {
  const known = [...knownNames()];
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const name of Object.keys(env).sort()) {
    if (known.includes(name) || serviceLink.test(name)) continue;
    const meant = closest(name, known);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    if (ownPrefixes.some((prefix) => name.startsWith(prefix))) errors.push(`${name} is not a setting${hint}`);
    else if (meant !== undefined) warnings.push(`${name} is not a setting and has no effect${hint}`);
  }
  return { errors, warnings };
}

/** Every name that means something: the settings, the files of those that are secret, and what only compose reads. */
function* knownNames(): Generator<string> {
  for (const setting of listSettings()) {
    yield setting.env;
    if (setting.secret) yield `${setting.env}_FILE`;
  }
  for (const variable of composeVariables) yield variable.env;
}

/** The known name that `name` most likely stands for: at most two keystrokes away, or its `_FILE` form. */
function closest(name: string, known: readonly string[]): string | undefined {
  const upper = name.toUpperCase();
  const ranked = known
    .map((candidate) => ({
      candidate,
      distance: upper === `${candidate}_FILE` ? 1 : editDistance(upper, candidate),
    }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= 2 ? best.candidate : undefined;
}

/** Levenshtein's distance: the fewest insertions, deletions and replacements of a letter that make `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of a.split('').entries()) {
    const current = [row + 1];
    for (const [column, other] of b.split('').entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
