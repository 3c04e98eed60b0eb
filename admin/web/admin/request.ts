import { HttpError } from 'react-admin';
import type { Problem, Problems } from '../../shared/problems.ts';

const api = '/api/admin';

interface ErrorBody {
  readonly error?: { readonly code: string; readonly problems?: Problems };
}

/**
 * Asks the server. Undefined for an answer without a body.
 *
 * @throws HttpError with a message for the dictionary and, by field, what is wrong.
 */
export async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${api}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (response.ok) return response.status === 204 ? undefined : response.json();
  const { error } = (await response.json().catch(() => ({}))) as ErrorBody;
  throw new HttpError(`site.errors.${error?.code ?? 'failed'}`, response.status, {
    errors: errorsOf(error?.problems ?? {}),
  });
}

type Errors = { [field: string]: string | Errors };

/** Problems as react-admin shows them: nested as the fields are, and as a key of the dictionary with its values. */
function errorsOf(problems: Problems): Errors {
  const errors: Errors = {};
  for (const [path, problem] of Object.entries(problems)) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let at = errors;
    for (const step of steps) {
      const next = (at[step] ??= {});
      if (typeof next === 'string') break;
      at = next;
    }
    at[last] = messageOf(problem);
  }
  return errors;
}

/** @see https://marmelab.com/react-admin/Validation.html */
export function messageOf({ code, limit }: Problem): string {
  return `@@react-admin@@${JSON.stringify({ message: `site.problems.${code}`, args: { limit } })}`;
}
