/** Requests to the API: how they are sent, how answers are checked, and what is thrown where one fails. `api.ts` says which there are. */
import type * as Contracts from '@bellwether/contracts';
import type { Problem } from '@bellwether/contracts';

export const API = '/api/v1';

/** What went wrong, in words for a person: the `detail` of a problem (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly errors: { at: string; detail: string }[] = [],
  ) {
    super(detail);
  }
}

export interface Page<T> {
  items: T[];
  /** How many there are in all, on every page. */
  total: number;
}

type Check<T> = (contracts: typeof Contracts) => { parse(answer: unknown): T };

interface Call {
  method?: string;
  body?: unknown;
}

export async function send(path: string, { method = 'GET', body }: Call = {}): Promise<Response> {
  const hasBody = body !== undefined;
  const response = await fetch(`${API}${path}`, {
    method,
    credentials: 'same-origin',
    headers: { accept: 'application/json', ...(hasBody ? { 'content-type': 'application/json' } : {}) },
    ...(hasBody ? { body: JSON.stringify(body) } : {}),
  }).catch(() => {
    throw new ApiError(0, 'Bellwether does not answer. Is it still running?');
  });
  if (!response.ok) throw failureOf(response.status, await response.text());
  return response;
}

export async function call<T>(path: string, check: Check<T>, options?: Call): Promise<T> {
  const response = await send(path, options);
  return checked(await response.json(), check);
}

export async function callPage<T>(path: string, check: Check<T[]>): Promise<Page<T>> {
  const response = await send(path);
  const items = await checked(await response.json(), check);
  return { items, total: Number(response.headers.get('x-total-count') ?? items.length) };
}

/** The import is behind the condition, so that a production bundle holds neither zod nor the schemas. */
async function checked<T>(answer: unknown, check: Check<T>): Promise<T> {
  if (process.env.NODE_ENV !== 'production')
    return check(await import('@bellwether/contracts')).parse(answer);
  return answer as T;
}

export function failureOf(status: number, text: string): ApiError {
  if (status === 401) askForKey();
  const problem = problemIn(text);
  return new ApiError(
    status,
    problem?.detail ?? `The request failed with status ${status}.`,
    problem?.errors,
  );
}

/** A proxy in between may answer with anything at all. */
function problemIn(text: string): Partial<Problem> | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : null;
  } catch {
    return null;
  }
}

/** Leaves for the sign-in page, which leads back here. */
function askForKey(): void {
  const { pathname, search } = window.location;
  if (pathname.startsWith('/sign-in')) return;
  window.location.assign(`/sign-in/?next=${encodeURIComponent(pathname + search)}`);
}

export function query(parameters: Record<string, string | number | string[] | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
