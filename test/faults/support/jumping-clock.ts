import { readFileSync } from 'node:fs';

/**
 * Imported into a process before anything else (`node --import`): its time of day is off by as many ms as the file says
 * that `CLOCK_OFFSET_FILE` names, at every moment.
 */
const file = process.env['CLOCK_OFFSET_FILE'] ?? '';
const RealDate = Date;
const now = (): number => RealDate.now() + Number(readFileSync(file, 'utf8'));

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: [], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
});
