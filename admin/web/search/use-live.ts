import { useEffect, useRef, useState } from 'preact/hooks';
import type { Change, LiveEvent } from '../../shared/search.ts';

export type Connection = 'live' | 'lost' | 'away';

/** What is shown, and how it differs from what was shown before. */
export interface Live<Result> {
  /** Undefined before the first; null when there is no such thing. */
  readonly result: Result | null | undefined;
  /** What was shown before the last change, while the change is marked. */
  readonly before: Result | undefined;
  /** By document; they fade after a while. */
  readonly changes: ReadonlyMap<string, Change>;
  readonly connection: Connection;
  readonly failed: boolean;
}

/** People type on: a stream is opened for what they have stopped at. */
const settledMs = 300;
const markedMs = 8_000;
const againMs = 2_000;

const nothing: Live<never> = {
  result: undefined,
  before: undefined,
  changes: new Map(),
  connection: 'lost',
  failed: false,
};

/** Asks for a result, and follows it from then on. What was shown stays until there is something else to show. */
export function useLive<Result>(path: string, query: string): Live<Result> {
  const [live, setLive] = useState<Live<Result>>(nothing);
  const shownPath = useRef(path);

  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const set = (change: (live: Live<Result>) => Partial<Live<Result>>): void => {
      if (!signal.aborted) setLive((now) => ({ ...now, ...change(now) }));
    };
    // Another kind of page begins empty.
    if (shownPath.current !== path) set(() => nothing);
    shownPath.current = path;

    const ask = async (): Promise<void> => {
      try {
        const response = await fetch(`${path}${query}`, { signal });
        if (response.status === 404) return set(() => ({ result: null, failed: false }));
        if (!response.ok) throw new Error(response.statusText);
        const result = (await response.json()) as Result;
        set(() => ({ result, before: undefined, changes: new Map(), failed: false }));
      } catch {
        set(() => ({ failed: true }));
        if (!signal.aborted) after(againMs, () => void ask());
      }
    };
    const after = (ms: number, what: () => void): void => {
      const timer = setTimeout(what, ms);
      signal.addEventListener('abort', () => clearTimeout(timer));
    };
    const follow = (): void => {
      const events = new EventSource(`${path}/live${query}`);
      signal.addEventListener('abort', () => events.close());
      events.addEventListener('open', () => set(() => ({ connection: 'live' })));
      events.addEventListener('error', () => set(() => ({ connection: 'lost' })));
      events.addEventListener('away', () => set(() => ({ connection: 'away' })));
      events.addEventListener('state', ({ data }: MessageEvent<string>) => {
        const { result, changes } = JSON.parse(data) as LiveEvent<Result>;
        set((now) => ({ connection: 'live', failed: false, ...mark(now, result, changes) }));
        if (changes.length > 0) after(markedMs, () => set((now) => unmark(now, changes)));
      });
    };
    void ask();
    after(settledMs, follow);
    return () => ending.abort();
  }, [path, query]);

  return live;
}

function mark<Result>(now: Live<Result>, result: Result, changes: readonly Change[]): Partial<Live<Result>> {
  if (changes.length === 0) return { result };
  const marked = new Map(now.changes);
  for (const change of changes) marked.set(change.id, change);
  return { result, before: now.result ?? undefined, changes: marked };
}

function unmark<Result>(now: Live<Result>, changes: readonly Change[]): Partial<Live<Result>> {
  // One that has changed again meanwhile is marked anew.
  const left = [...now.changes].filter(([, change]) => !changes.includes(change));
  return { changes: new Map(left), ...(left.length === 0 && { before: undefined }) };
}
