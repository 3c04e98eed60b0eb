import type { Problems } from '../shared/problems.ts';

const statusOf = {
  invalid: 400,
  login_required: 401,
  wrong_login: 401,
  cross_site: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported: 415,
  too_many_requests: 429,
  failed: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof statusOf;

/** An answer other than what was asked for. Its code is for programs, its message for people who read the answer. */
export class SiteError extends Error {
  readonly code: ErrorCode;
  readonly problems: Problems;

  constructor(code: ErrorCode, message: string, problems: Problems = {}) {
    super(message);
    this.code = code;
    this.problems = problems;
  }

  get status(): number {
    return statusOf[this.code];
  }
}

/** The body of every answer with a status of 400 or more. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly problems?: Problems };
}

export function bodyOf({ code, message, problems }: SiteError): ErrorBody {
  return { error: { code, message, ...(Object.keys(problems).length > 0 && { problems }) } };
}
