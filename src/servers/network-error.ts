/** A failure of the connection itself, whichever server it led to. */
export function isNetworkError(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|ENOTFOUND)/.test(code))
    return true;
  return (
    error instanceof AggregateError &&
    error.errors.some((inner) => inner instanceof Error && isNetworkError(inner))
  );
}
