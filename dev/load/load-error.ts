/** What was asked for cannot be loaded, for a reason that lies in the input. The message is for a person to read. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
