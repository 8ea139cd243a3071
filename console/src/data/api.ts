/**
 * Questions to the collector, on the address that the page came from. Whatever is not an answer is
 * an `ApiError` with the code that the API gave, or one of our own: `no-connection`, `signed-out`.
 * What changes something carries the session's CSRF token.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** What else the error's object held, e.g. the ways to sign in. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    message = '',
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function addressOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

let csrfToken = '';
let onSignedOut = (): void => undefined;

/** The session sets both; it is the only one who knows. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

const CSRF_HEADER = 'x-lanner-csrf';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export async function callApi<Answer>(
  method: Method,
  path: string,
  options: { readonly query?: Query; readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<Answer> {
  const { query, body, signal } = options;
  const response = await fetch(addressOf(path, query), {
    method,
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(method === 'GET' ? {} : {
        'content-type': 'application/json',
        [CSRF_HEADER]: csrfToken,
      }),
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'no-connection');
  });
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return undefined as Answer;
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return (isJson ? await response.json() : await response.text()) as Answer;
}

export async function errorOf(response: Response): Promise<ApiError> {
  const { code, message, details } = readError(await response.json().catch(() => undefined));
  if (response.status === 401) onSignedOut();
  const fallback = response.status === 401 ? 'signed-out'
    : response.status === 429 ? 'too-many-requests' : 'refused';
  return new ApiError(response.status, code || fallback, message, details);
}

function readError(body: unknown) {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : {};
  const { code, message, ...details } = error;
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
    details,
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
