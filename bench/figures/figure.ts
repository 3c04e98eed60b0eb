import type { BenchOptions } from '../command.ts';
import type { Servers } from '../bed/servers.ts';

export interface FigureContext {
  readonly servers: Servers;
  readonly options: BenchOptions;
  /** Tells what is being done. */
  readonly say: (line: string) => void;
  /** Ends it between two measurements. */
  readonly signal: AbortSignal;
}

export interface FigureResult {
  /** For people. */
  readonly table: string;
  /** For programs: one line. `figure` is its name, and each rate's median stands under its own name. */
  readonly json: Readonly<Record<string, unknown>> & { readonly figure: string };
}

/** Measures one figure, on a bed of its own. */
export type Figure = (context: FigureContext) => Promise<FigureResult>;
