/**
 * A label whose values come from agents: the first `max` of them that look as they should, and
 * `_other` for the rest. First come, not most frequent: a counter cannot be taken back from a
 * series. No name of Kubernetes, of an image or of ATT&CK begins with an underscore, so nobody can
 * call themselves `_other`.
 */
export const OTHER = '_other';

export class BoundedLabel {
  readonly #form: RegExp;
  readonly #max: number;
  readonly #known = new Set<string>();

  /** `form` also bounds the length. */
  constructor(form: RegExp, max: number) {
    this.#form = form;
    this.#max = max;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max || !this.#form.test(value)) return OTHER;
    this.#known.add(value);
    return value;
  }
}

/** A repository with its registry, as Docker's reference grammar has it, roughly. */
export const IMAGE_FORM = /^[a-z0-9][a-z0-9._:/-]{0,199}$/;
/** RFC 1123 label. */
export const NAMESPACE_FORM = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const TECHNIQUE_FORM = /^T[0-9]{4}(\.[0-9]{3})?$/;
