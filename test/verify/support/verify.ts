import { z } from 'zod';
import type { Setting } from '../../service/support/setting.ts';

const listingSchema = z.object({ count: z.number(), ids: z.array(z.string()) });

const reportSchema = z.object({
  repair: z.boolean(),
  unfollowed: z.object({ since: z.string().nullable(), bytes: z.number().nullable() }).nullable(),
  indexes: z.array(
    z.object({
      alias: z.string(),
      physical: z.string(),
      aliasLeadsTo: z.array(z.string()),
      rows: z.number(),
      documents: z.number(),
      missing: listingSchema,
      extra: listingSchema,
      stale: listingSchema.extend({ fields: z.record(z.string(), z.array(z.string())) }),
      deadLettered: listingSchema,
      unsettled: listingSchema,
      mended: z.number(),
      left: listingSchema,
    }),
  ),
});

type Report = z.output<typeof reportSchema>['indexes'][number];

export interface VerifyOutcome {
  readonly code: number | null;
  /** What was found in an index. */
  of(index: string): Report;
  readonly indexes: readonly string[];
  /** What no service had followed. */
  readonly unfollowed: z.output<typeof reportSchema>['unfollowed'];
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `projector verify --json` to its end. */
export async function verify(setting: Setting, ...args: readonly string[]): Promise<VerifyOutcome> {
  const { code, stdout, stderr } = await setting.command(['verify', '--json', ...args]);
  const { indexPrefix } = setting.database;
  const report = stdout === '' ? null : reportSchema.parse(JSON.parse(stdout));
  const reports = report?.indexes ?? [];
  return {
    code,
    stdout,
    stderr,
    unfollowed: report?.unfollowed ?? null,
    indexes: reports.map(({ alias }) => alias.slice(indexPrefix.length)),
    of(index) {
      const report = reports.find(({ alias }) => alias === `${indexPrefix}${index}`);
      if (report) return report;
      throw new Error(`No report of ${index}, but exit code ${String(code)}: ${stderr}`);
    },
  };
}

/** The ids that differ, by what is the matter with them. */
export function differing({ missing, extra, stale, deadLettered, unsettled, left }: Report): object {
  const lists = { missing, extra, stale, deadLettered, unsettled, left };
  return Object.fromEntries(
    Object.entries(lists)
      .filter(([, { count }]) => count > 0)
      .map(([kind, { ids }]) => [kind, ids.toSorted()]),
  );
}
