import { readFileSync } from 'node:fs';

/**
 * Imported into a process before anything else (`node --import`): its time of day is off by as many ms as the file says
 * that `CLOCK_OFFSET_FILE` names, at every moment.
 */
const file = process.env['CLOCK_OFFSET_FILE'] ?? '';
const RealDate = Date;
const now = (): number => RealDate.now() + Number(readFileSync(file, 'utf8'));

class JumpingDate extends RealDate {
  static override now = now;

  constructor(value: string | number | Date = now()) {
    super(value);
  }
}

globalThis.Date = JumpingDate as DateConstructor;
