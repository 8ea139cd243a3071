import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

/** A browser as far as cookies go: it keeps what it is given and sends it back. */
export type Page = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
};

type Asked = {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
};

export class Browser {
  /** By origin: unlike a real one, so that two ports do not share their cookies. */
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #base: string;
  csrfToken = '';

  constructor(base: string) {
    this.#base = base;
  }

  cookie(name: string): string | undefined {
    return this.#jar(this.#base).get(name);
  }

  plant(name: string, value: string): void {
    this.#jar(this.#base).set(name, value);
  }

  async get(address: string, asked: Asked = {}): Promise<Page> {
    return this.ask('GET', address, asked);
  }

  /** As the console does: JSON, from the page's own origin, with the session's CSRF token. */
  async change(method: string, path: string, body: unknown = {}, over = {}): Promise<Page> {
    return this.ask(method, path, {
      body,
      headers: {
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        origin: this.#base,
        'x-lanner-csrf': this.csrfToken,
        ...over,
      },
    });
  }

  async signIn(credential: { readonly token: string } | { readonly code: string }): Promise<Page> {
    const page = await this.change('POST', '/api/v1/session', credential);
    if (typeof page.body['csrfToken'] === 'string') this.csrfToken = page.body['csrfToken'];
    return page;
  }

  async ask(method: string, address: string, { headers = {}, body }: Asked): Promise<Page> {
    const url = new URL(address, this.#base);
    const jar = this.#jar(url.origin);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const page = await ask(method, url, {
      headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
      body,
    });
    for (const text of page.headers['set-cookie'] ?? []) keep(jar, text);
    return page;
  }

  #jar(origin: string): Map<string, string> {
    const { origin: key } = new URL(origin);
    const jar = this.#cookies.get(key) ?? new Map<string, string>();
    this.#cookies.set(key, jar);
    return jar;
  }
}

function keep(jar: Map<string, string>, text: string): void {
  const [pair = ''] = text.split(';');
  const equals = pair.indexOf('=');
  const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
  const isGone = /max-age=0(;|$)/i.test(text) || /expires=thu, 01 jan 1970/i.test(text);
  if (isGone) jar.delete(name);
  else jar.set(name, value);
}

/** Not `fetch`: that one decides about Host, cookies and fetch metadata by itself. */
function ask(method: string, url: URL, { headers = {}, body }: Asked): Promise<Page> {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined
      : typeof body === 'string' ? body : JSON.stringify(body);
    const isTls = url.protocol === 'https:';
    const asking = (isTls ? requestTls : request)(url, {
      method,
      // Who the server is, is not what is looked at.
      ...(isTls ? { rejectUnauthorized: false } : {}),
      headers: {
        // Node sends a DELETE's body without its length.
        ...(sent === undefined ? {} : { 'content-length': Buffer.byteLength(sent) }),
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) =>
          [name, typeof value === 'string' ? value : [...value]])),
      },
    }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => {
        const isJson = response.headers['content-type']?.startsWith('application/json') === true;
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: isJson && text !== '' ? JSON.parse(text) as Page['body'] : {},
        });
      });
    });
    asking.on('error', reject);
    asking.end(sent);
  });
}
