/** The points, in the order in which a life of the service comes by them. */
export const failpoints = [
  'after-drop',
  'after-slot',
  'after-read',
  'after-bulk',
  'in-chunk',
  'before-checkpoint',
  'after-checkpoint',
  'before-ack',
  'before-swap',
  'after-swap',
] as const;

export type Failpoint = (typeof failpoints)[number];

/** `FAILPOINT=after-bulk:3`: the third time. Not a setting: nobody but a test sets it. */
const [chosen, ordinal = '1'] = (process.env['FAILPOINT'] ?? '').split(':');
let left = Number(ordinal);

/** Ends the process as `kill -9` would, where a test has asked for it; otherwise nothing. */
export function failpoint(at: Failpoint): void {
  if (at === chosen && --left === 0) process.kill(process.pid, 'SIGKILL');
}
