import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';

/**
 * Holds every answer that a test gets against what the OpenAPI document promises for its route. The
 * product does not check its own answers while it runs; the tests do it for it.
 */
type Operation = { readonly responses?: Readonly<Record<string, {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}>> };
export type ApiDocument = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

export class AnswerCheck {
  readonly #paths: readonly { readonly pattern: RegExp; readonly path: string }[];
  readonly #document: ApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #checks = new Map<string, ValidateFunction>();

  constructor(document: ApiDocument) {
    this.#document = document;
    // `/alerts/{id}` after `/alerts/learned`: what is written out comes first.
    const inOrder = Object.keys(document.paths)
      .toSorted((a, b) => a.split('{').length - b.split('{').length);
    this.#paths = inOrder.map((path) => ({
      path,
      pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
    }));
  }

  /** Throws what is wrong with it. */
  check(method: string, url: string, status: number, body: unknown): void {
    const [bare = ''] = url.split('?');
    const found = this.#paths.find(({ pattern }) => pattern.test(bare));
    const operation = found && this.#document.paths[found.path]?.[method.toLowerCase()];
    if (found === undefined || operation === undefined) return;
    const { responses = {} } = operation;
    const answer = responses[String(status)] ?? (status >= 400 ? responses['default'] : undefined);
    const schema = answer?.content?.['application/json']?.schema;
    if (answer === undefined) throw new Error(`${method} ${found.path} does not promise ${status}`);
    if (schema === undefined) return;
    const key = `${method} ${found.path} ${status}`;
    const validate = this.#checks.get(key) ?? this.#ajv.compile(schema);
    this.#checks.set(key, validate);
    if (validate(body)) return;
    const wrong = this.#ajv.errorsText(validate.errors?.slice(0, 5));
    throw new Error(`${key} is not as promised: ${wrong}\n${JSON.stringify(body).slice(0, 2_000)}`);
  }
}

const checks = new Map<string, Promise<AnswerCheck | undefined>>();

/** One per collector: a test's collector has its own address. Undefined without the right. */
export function answerCheck(api: string, token: string): Promise<AnswerCheck | undefined> {
  const known = checks.get(api);
  if (known !== undefined) return known;
  const made = fetch(`${api}/api/v1/openapi.json`, { headers: { authorization: `Bearer ${token}` } })
    .then(async (response) =>
      response.ok ? new AnswerCheck(await response.json() as ApiDocument) : undefined);
  checks.set(api, made);
  return made;
}
