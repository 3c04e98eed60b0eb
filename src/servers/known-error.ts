import { ProjectorError } from '../ops/errors.ts';
import { asRefusal } from './refusals.ts';
import { asUnavailable } from './unavailable.ts';

/** An error with its code, where it has one or is a server's; null for any other, which is a fault of ours. */
export function asKnown(error: unknown): ProjectorError | null {
  return error instanceof ProjectorError ? error : (asRefusal(error) ?? asUnavailable(error));
}
