/**
 * Takes secrets out of what leaves the node, before it is written to disk. Rules are built in
 * (private keys, URLs with passwords, token forms, names and flags that announce a secret) and
 * can be extended by literal flag names; there are no user patterns. Time is linear in the text.
 *
 * Better a word too many than a password too few: what cannot be told from a secret goes. What
 * this cannot see: a secret without any mark (`echo hunter2`).
 */
import type { Alert, AlertBehaviour, AlertProcess, Words } from '../../baseline/alert.ts';
import { cutText } from '../../proto/text.ts';
import { flagSpans } from './redact-flags.ts';
import { bearerSpans, keySpans } from './redact-keys.ts';
import { pemSpans, tokenSpans, urlSpans } from './redact-secrets.ts';
import { masked } from './redact-spans.ts';

/** What one text of an alert may hold in bytes; the link cuts at the same bound. */
export const REDACTED_BYTES_MAX = 4_096;
/** The text door of the source bounds every field; this holds for whatever comes another way. */
const INPUT_LENGTH_MAX = 131_072;

export type RedactRules = {
  /** Flags whose value is a secret here, as they are written: `--vault-pin`, `-Z`. */
  readonly flags: ReadonlySet<string>;
};

export const NO_MORE_RULES: RedactRules = { flags: new Set() };

export function redactText(
  text: string,
  rules: RedactRules = NO_MORE_RULES,
  bytesMax: number = REDACTED_BYTES_MAX,
): string {
  if (text.length < SHORTEST) return cutText(text, bytesMax);
  let out = text.length > INPUT_LENGTH_MAX ? text.slice(0, INPUT_LENGTH_MAX) : text;
  // A mask or the cut at the end can bring words together that a rule knows.
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const before = out;
    out = cutText(redactOnce(out, rules), bytesMax);
    if (out === before) break;
  }
  return out;
}

function redactOnce(text: string, rules: RedactRules): string {
  const spans = [
    pemSpans(text),
    urlSpans(text),
    keySpans(text),
    flagSpans(text, rules.flags),
    bearerSpans(text),
    tokenSpans(text),
  ];
  // Nearly every text has none.
  return spans.every(({ length }) => length === 0) ? text : masked(text, spans.flat());
}

const PASSES_MAX = 4;

/** Shorter than `-px`, there is no room for a mark and a secret. */
const SHORTEST = 3;

/**
 * Redacts alerts, each part of them once: an alert is told again as it grows, and a revision holds
 * the very parts of the one before. (Anew each time it was 31 % of an agent's time in a flood.)
 */
export class AlertRedactor {
  readonly #text: Redact;
  readonly #behaviours = new WeakMap<object, { readonly of: AlertBehaviour; is: AlertBehaviour }>();
  readonly #processes = new WeakMap<AlertProcess, AlertProcess>();

  constructor(rules: RedactRules) {
    this.#text = (value) => redactText(value, rules);
  }

  redact(alert: Alert): Alert {
    return {
      ...alert,
      process: this.#process(alert.process),
      behaviours: alert.behaviours.map((behaviour) => this.#behaviour(behaviour)),
      reason: redactWords(alert.reason, this.#text),
    };
  }

  /** By its fields, which no other behaviour has; its count grows from revision to revision. */
  #behaviour(behaviour: AlertBehaviour): AlertBehaviour {
    const { value, reason, process, fields } = behaviour;
    const known = this.#behaviours.get(fields);
    const { of } = known ?? {};
    if (of?.value === value && of.reason === reason && of.process === process && known) {
      const { is } = known;
      return { ...behaviour, value: is.value, reason: is.reason, process: is.process, fields: is.fields };
    }
    const is = {
      ...behaviour,
      value: this.#text(value),
      reason: redactWords(reason, this.#text),
      process: this.#process(process),
      fields: this.#fields(fields),
    };
    this.#behaviours.set(fields, { of: behaviour, is });
    return is;
  }

  #fields(fields: AlertBehaviour['fields']): AlertBehaviour['fields'] {
    const redacted: [string, string][] = [];
    for (const [name, value] of Object.entries(fields)) redacted.push([name, this.#text(value)]);
    return Object.fromEntries(redacted);
  }

  #process(process: AlertProcess): AlertProcess {
    let redacted = this.#processes.get(process);
    if (redacted === undefined) {
      redacted = redactProcess(process, this.#text);
      this.#processes.set(process, redacted);
    }
    return redacted;
  }
}

type Redact = (value: string) => string;

function redactProcess(process: AlertProcess, text: Redact): AlertProcess {
  return {
    ...process,
    name: text(process.name),
    exe: text(process.exe),
    commandLine: text(process.commandLine),
    ancestry: process.ancestry.map(text),
  };
}

function redactWords(words: Words, text: Redact): Words {
  return { en: text(words.en), zh: text(words.zh) };
}
