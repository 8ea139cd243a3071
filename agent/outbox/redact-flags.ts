import type { Span } from './redact-spans.ts';
import { NO_SPANS, TextWalk } from './redact-spans.ts';

/**
 * Secrets that are the next word, or hang on a short flag: `--password x`, `mysql -px`,
 * `curl -u user:x`. Falco joins arguments with spaces, so a password with a space in it shows its
 * tail; nothing on this side of Falco can know better.
 */
type Word = { readonly text: string; readonly start: number };

/** A long flag whose name ends in one of these takes a secret. */
const SECRET_FLAG_ENDINGS = [
  'password', 'passwd', 'passphrase', 'hmac', 'macopt', 'token', 'secret', 'api-key', 'apikey',
  'secret-key', 'access-key', 'private-key-data', 'auth-key', 'credentials', 'requirepass',
  'masterauth',
] as const;
const SECRET_FLAGS: ReadonlySet<string> = new Set(['--pass', '-pass', '--pw', '--pwd', '--auth']);

type Program = {
  /** The secret hangs on the flag: `-pSECRET`. */
  readonly attached?: readonly string[];
  /** The secret is the next word. */
  readonly next?: readonly string[];
  /** The next word is `user:SECRET` (or `user%SECRET`). */
  readonly pair?: readonly string[];
};

const mysql: Program = { attached: ['-p'] };
const ldap: Program = { next: ['-w'], attached: ['-w'] };
const registry: Program = { next: ['-p'] };
const archive: Program = { attached: ['-p'] };
const mongo: Program = { next: ['-p'] };

const programs: ReadonlyMap<string, Program> = new Map(
  Object.entries({
    mysql, mysqldump: mysql, mysqladmin: mysql, mysqlimport: mysql, mysqlshow: mysql,
    mysqlcheck: mysql, mysqlpump: mysql, mariadb: mysql, 'mariadb-dump': mysql,
    'mariadb-admin': mysql,
    sshpass: { attached: ['-p'], next: ['-p'] },
    curl: { pair: ['-u', '--user', '-U', '--proxy-user'] },
    'redis-cli': { next: ['-a'] },
    ldapsearch: ldap, ldapmodify: ldap, ldapadd: ldap, ldapdelete: ldap, ldapwhoami: ldap,
    docker: registry, podman: registry, nerdctl: registry, buildah: registry, skopeo: registry,
    helm: registry, crictl: { pair: ['--creds'] },
    mongo, mongosh: mongo, mongodump: mongo, mongorestore: mongo, mongoexport: mongo,
    smbclient: { pair: ['-U', '--user'] }, rpcclient: { pair: ['-U', '--user'] },
    sqlcmd: { next: ['-P'], attached: ['-P'] }, bcp: { next: ['-P'], attached: ['-P'] },
    '7z': archive, '7za': archive, unzip: { next: ['-P'] }, zip: { next: ['-P'] },
    openssl: { next: ['-k', '-K'] },
    ipmitool: { next: ['-P'] },
    snmpwalk: { next: ['-A', '-X', '-c'] }, snmpget: { next: ['-A', '-X', '-c'] },
  } satisfies Record<string, Program>),
);

/**
 * What has to be in a text for a built-in rule to find anything: a flag that says so itself, or a
 * program whose short flags are known. Few texts have either, and the look at each word is dear.
 */
const HINT = new RegExp(
  [
    ...SECRET_FLAG_ENDINGS.map((ending) => ending.replaceAll('-', '[-_]')),
    ...SECRET_FLAGS,
    `(?:^|[\\s/"'(\`])(?:${[...programs.keys()].join('|')})(?:\\s|$)`,
  ].join('|'),
  'i',
);

export function flagSpans(text: string, configured: ReadonlySet<string>): readonly Span[] {
  if (configured.size === 0 && !HINT.test(text)) return NO_SPANS;
  const spans: Span[] = [];
  const walk = new TextWalk(text, isSpace);
  let program: Program = {};
  let secretNext: 'none' | 'whole' | 'pair' = 'none';
  for (const word of wordsOf(text)) {
    if (secretNext !== 'none' && !isFlag(word.text)) {
      const span = secretNext === 'pair' ? pairIn(word) : walk.quotedOrWord(word.start);
      if (span !== null) spans.push(span);
    }
    // What was a secret is looked at as a word too: `--password mysql -px` holds two.
    program = programs.get(baseName(word.text)) ?? (isSeparator(word.text) ? {} : program);
    // `mysql -pMySecret`: what hangs on the flag is the secret, not part of a flag's name.
    const attached = attachedIn(word, program, configured);
    if (attached !== null) spans.push(attached);
    if (attached === null && takesSecret(word.text, program, configured)) secretNext = 'whole';
    else secretNext = program.pair?.includes(word.text) ? 'pair' : 'none';
  }
  return spans;
}

const WORD = /[^\s]+/g;

function* wordsOf(text: string): Generator<Word> {
  for (const match of text.matchAll(WORD)) yield { text: match[0], start: match.index };
}

function takesSecret(word: string, program: Program, configured: ReadonlySet<string>): boolean {
  if (configured.has(word) || SECRET_FLAGS.has(word) || program.next?.includes(word)) return true;
  if (!word.startsWith('-') || word.length > FLAG_LENGTH_MAX) return false;
  const name = word.toLowerCase().replaceAll('_', '-');
  return SECRET_FLAG_ENDINGS.some((ending) => name.endsWith(ending));
}

const FLAG_LENGTH_MAX = 64;

function attachedIn(
  word: Word,
  program: Program,
  configured: ReadonlySet<string>,
): Span | null {
  const end = word.start + word.text.length;
  const equals = word.text.indexOf('=');
  if (equals > 0 && configured.has(word.text.slice(0, equals))) {
    return equals + 1 < word.text.length ? { start: word.start + equals + 1, end } : null;
  }
  const flag = program.attached?.find((one) =>
    word.text.startsWith(one) && word.text.length > one.length);
  return flag === undefined ? null : { start: word.start + flag.length, end };
}

function pairIn(word: Word): Span | null {
  const at = word.text.search(/[:%]/);
  if (at < 0 || at + 1 >= word.text.length) return null;
  let end = word.text.length;
  if (/["']/.test(word.text[end - 1] ?? '') && end - 1 > at + 1) end -= 1;
  return { start: word.start + at + 1, end: word.start + end };
}

function isFlag(word: string): boolean {
  return word.startsWith('-') && word.length > 1;
}

const isSpace = (code: number): boolean => code <= 32;

const isSeparator = (word: string): boolean => /^(?:[;|&]+)$/.test(word) || word.endsWith(';');

const baseName = (word: string): string => {
  const name = word.slice(word.lastIndexOf('/') + 1);
  return OPENING.test(name) ? name.replace(OPENING, '') : name;
};

const OPENING = /^["'(`]+/;
