import { LineCounter, isNode, parseDocument } from 'yaml';
import type { Document } from 'yaml';

import { LEARNED_CHANNELS } from '../../baseline/profile/image-profile.ts';
import { checkReview } from './review.ts';
import type { Review, ReviewBehaviour, ReviewProblem } from './review.ts';

/**
 * The review form as YAML: one behaviour a line, so that Git shows what changed. It is written by
 * our own few lines: the same profile gives the same bytes whatever version of a library is there,
 * and nothing in it acts on a terminal or hides from a reviewer (bidirectional and invisible
 * characters are escapes). It is read by the YAML library, without aliases; a second for 400 kB,
 * so a server bounds what it reads.
 */
export function reviewYaml(review: Review): string {
  const { format, key, image, workload, behaviours } = review;
  const lines = [
    `format: ${scalar(format)}`,
    `key: ${scalar(key)}`,
    'image:',
    `  repository: ${scalar(image.repository)}`,
    `  tag: ${scalar(image.tag)}`,
    `  digest: ${scalar(image.digest)}`,
    `workload: ${scalar(workload)}`,
  ];
  const channels = LEARNED_CHANNELS.filter((channel) => (behaviours[channel] ?? []).length > 0);
  lines.push(channels.length === 0 ? 'behaviours: {}' : 'behaviours:');
  for (const channel of channels) {
    lines.push(`  ${channel}:`);
    for (const behaviour of behaviours[channel] ?? []) lines.push(`    - ${flow(behaviour)}`);
  }
  return `${lines.join('\n')}\n`;
}

function flow({ verb, object, detail, by, tree, pods }: ReviewBehaviour): string {
  const pairs = [
    `verb: ${scalar(verb)}`,
    `object: ${scalar(object)}`,
    ...detail === undefined ? [] : [`detail: ${scalar(detail)}`],
    `by: ${scalar(by)}`,
    ...tree === undefined ? [] : [`tree: ${tree}`],
    ...pods === undefined ? [] : [`pods: ${pods}`],
  ];
  return `{${pairs.join(', ')}}`;
}

/** What every YAML reads as this text without quotes. */
const PLAIN = /^[A-Za-z_/][A-Za-z0-9_/.@-]*$/;
/** YAML 1.1 readers take these for something else than text. */
const WORDS = /^(?:true|false|yes|no|on|off|y|n|null)$/i;
/** As in `cli/terminal.ts`; JSON leaves most of them as they are. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

function scalar(text: string): string {
  if (PLAIN.test(text) && !WORDS.test(text)) return text;
  return JSON.stringify(text.toWellFormed()).replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

export type ReadReview =
  | { readonly ok: true; readonly review: Review }
  | { readonly ok: false; readonly detail: string };

/** Errors name the line: `line 12, behaviours.exec[3].verb: expected string`. */
export function readReviewYaml(text: string): ReadReview {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, schema: 'core', prettyErrors: false });
  const [error] = yaml.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    return { ok: false, detail: `line ${line}, column ${col}: ${error.message}` };
  }
  let value: unknown;
  try {
    value = yaml.toJS({ maxAliasCount: 0 });
  } catch {
    // The only thing that a parsed document can still refuse.
    return { ok: false, detail: 'aliases are not used in profiles' };
  }
  const checked = checkReview(value);
  if (checked.ok) return checked;
  return { ok: false, detail: located(checked.problem, yaml, lines) };
}

function located({ path, message }: ReviewProblem, yaml: Document, lines: LineCounter): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
    .replace(/^\./, '');
  // What is missing has no line of its own; the mapping that lacks it has.
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? yaml.contents : yaml.getIn(path.slice(0, length), true);
    if (!isNode(node) || node.range === null || node.range === undefined) continue;
    const { line } = lines.linePos(node.range[0]);
    return `line ${line}, ${name === '' ? 'the document' : name}: ${message}`;
  }
  return `${name === '' ? 'the document' : name}: ${message}`;
}
