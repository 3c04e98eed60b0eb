import { formatBytes } from '../ops/console/format.js';
import {
  leadsAstray,
  type IndexReport,
  type Unfollowed,
  type Verification,
} from '../service/verification.ts';
import type { Listing } from '../verify/findings.ts';
import { printable } from './printable.ts';

/** So many ids of a kind are printed. */
const SHOWN = 10;

/** For people: a table of how many, then which, then what it comes to. */
export function describeVerification({ reports, unfollowed }: Verification, wasRepaired: boolean): string {
  const columns = ['rows', 'documents', 'missing', 'extra', 'stale', 'dead-lettered'];
  const counts = reports.map((report) => [
    report.alias,
    ...[
      report.rows,
      report.documents,
      report.missing.count,
      report.extra.count,
      report.stale.count,
      report.deadLettered.count,
    ].map((count) => count.toLocaleString('en')),
  ]);
  const parts = [
    table([['index', ...columns], ...counts]),
    ...reports.flatMap((report) => describeFindings(report)),
    ...reports.filter(leadsAstray).map(describeAlias),
    conclusion(reports, wasRepaired),
    ...(unfollowed ? [describeUnfollowed(unfollowed)] : []),
  ];
  return parts.join('\n\n');
}

/** The first column to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(([first = '', ...others]) =>
      [
        first.padEnd(widths[0] ?? 0),
        ...others.map((text, column) => text.padStart(widths[column + 1] ?? 0)),
      ].join('  '),
    )
    .join('\n');
}

function describeFindings({
  alias,
  missing,
  extra,
  stale,
  deadLettered,
  unsettled,
  left,
  notCompared,
}: IndexReport): string[] {
  const fieldsOf = (id: string): string => {
    const fields = Object.hasOwn(stale.fields, id) ? (stale.fields[id] ?? []) : [];
    return fields.length > 0 ? `${printable(id)} (${fields.join(', ')})` : printable(id);
  };
  return [
    describe(alias, 'missing', missing),
    describe(alias, 'extra', extra),
    describe(alias, 'stale', stale, fieldsOf),
    describe(alias, 'dead-lettered, and so not as their rows', deadLettered),
    describe(alias, 'written anew between any two looks, and so not compared', unsettled),
    describe(alias, 'still different after they were written again', left),
    notCompared.length > 0
      ? [
          [`${alias}: not compared`, ...notCompared.map((part) => `  ${describeNotCompared(part)}`)].join(
            '\n',
          ),
        ]
      : [],
  ].flat();
}

/** For people: `a field (why)`. */
export function describeNotCompared({ field, reason }: IndexReport['notCompared'][number]): string {
  return `${field === '*' ? 'any field' : field} (${reason})`;
}

function describe(
  alias: string,
  what: string,
  { count, ids }: Listing,
  show: (id: string) => string = printable,
): string[] {
  if (count === 0) return [];
  const shown = ids.slice(0, SHOWN).map((id) => `  ${show(id)}`);
  const more = count > SHOWN ? [`  and ${(count - SHOWN).toLocaleString('en')} more`] : [];
  return [[`${alias}: ${what}`, ...shown, ...more].join('\n')];
}

function describeAlias({ alias, physical, aliasLeadsTo }: IndexReport): string {
  const leads = aliasLeadsTo.length === 0 ? 'is not there' : `leads to ${aliasLeadsTo.join(' and ')}`;
  return `${alias}: the alias ${leads}, and should lead to ${physical} alone\n  fix: point it there (POST /_aliases)`;
}

function describeUnfollowed({ since, bytes }: Unfollowed): string {
  const changed =
    since === null
      ? 'The service has no resume point'
      : `Changes since the resume point ${since}, ${formatBytes(bytes ?? 0)} of WAL ago, have not been followed yet`;
  return `The service is not running. ${changed}: documents that differ may only be behind.\nStart the service and verify again to tell.`;
}

function conclusion(reports: readonly IndexReport[], wasRepaired: boolean): string {
  const sum = (count: (report: IndexReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  const differing = sum(({ missing, extra, stale }) => missing.count + extra.count + stale.count);
  const [mended, left] = [sum((report) => report.mended), sum((report) => report.left.count)];
  const number = (count: number): string => count.toLocaleString('en');
  const apart = reports.some(({ deadLettered }) => deadLettered.count > 0)
    ? ', but for those that are dead-lettered'
    : '';
  const isPartly = reports.some(({ notCompared }) => notCompared.length > 0);
  const compared = isPartly ? ', as far as it can be compared' : '';
  if (differing === 0) return `Every document is what its rows make it${compared}${apart}.`;
  if (!wasRepaired)
    return `Documents that differ: ${number(differing)}. With --repair they are written again.`;
  const still = `still different: ${number(left)}; what writing again does not mend, \`projector resync\` does`;
  return `Documents mended: ${number(mended)}${left > 0 ? `; ${still}` : ''}.`;
}
