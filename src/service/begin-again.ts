/** Ends a session that another one is to follow, with the system looked at anew. */
export class BeginAgainError extends Error {
  override readonly name = 'BeginAgainError';
}
