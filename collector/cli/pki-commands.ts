import { isIP } from 'node:net';
import { join } from 'node:path';

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { systemClock } from '../clock.ts';
import { jsonText } from '../json-text.ts';
import { agentSpiffeId, isSegment, isTrustDomain, parseSpiffeId } from '../link/spiffe-id.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import type { GlobalOptions, Io } from './io.ts';
import { makeAuthority, readAuthority } from './pki-certificates.ts';
import type { AltName, Authority, Issued, Subject } from './pki-certificates.ts';
import { pairAt, readPair, refuseToOverwrite, writePair } from './pki-files.ts';
import type { Pair } from './pki-files.ts';
import { escapeText } from './terminal.ts';

/**
 * `lannerctl pki`: an authority and certificates for a quick start, without a collector. Everything
 * is files in one folder; whoever has a PKI of their own needs none of it.
 */
const DIR_DEFAULT = './lanner-pki';
const DAYS_MAX = 36_500;
const NODES_MAX = 5_000;
const NAMES_MAX = 100;

type PkiOptions = GlobalOptions & {
  readonly dir: string;
  readonly days: number;
  readonly force?: boolean;
};

type Made = { readonly kind: string; readonly name: string; readonly pair: Pair } & Issued;

const DNS_NAME = /^(?:\*\.)?(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/i;

export function addPkiCommands(program: Command, io: Io): void {
  const pki = program.command('pki')
    .description('make an authority and certificates for agents and collectors');
  const init = pki.command('init')
    .description('make the authority')
    .option('--trust-domain <name>', 'names what it vouches for', trustDomain, 'lanner.local');
  withFiles(init, 3_650).action(async (_, command: Command) => {
    await runInit(io, command.optsWithGlobals());
  });
  const issue = pki.command('issue').description('make certificates');
  const agent = issue.command('agent <node...>')
    .description('one for each node, by its name in Kubernetes (or its host name)');
  withFiles(agent, 365).action(async (nodes: string[], _, command: Command) => {
    await runAgents(io, nodes, command.optsWithGlobals());
  });
  const collector = issue.command('collector')
    .description('one for the collector, for the names that agents connect to')
    .option('--dns <name...>', 'host names', collect(dnsName), [])
    .option('--ip <address...>', 'IP addresses', collect(ipAddress), []);
  withFiles(collector, 365).action(async (_, command: Command) => {
    await runCollector(io, command.optsWithGlobals());
  });
}

const withFiles = (command: Command, daysDefault: number): Command =>
  command
    .option('--dir <folder>', 'folder of the authority and what it makes', DIR_DEFAULT)
    .option('--days <count>', 'how long it is valid', dayCount, daysDefault)
    .option('--force', 'replace files that are there');

async function runInit(
  io: Io,
  options: PkiOptions & { readonly trustDomain: string },
): Promise<void> {
  const pair = pairAt(join(options.dir, 'ca'));
  refuseToOverwrite([pair], options.force === true);
  const made = await makeAuthority({ ...options, nowMs: systemClock.now() });
  writePair(pair, made);
  tell(io, options, [{ kind: 'authority', name: options.trustDomain, pair, ...made }], `
Next, with the same --dir:
  lannerctl pki issue collector --dns collector.example --ip 10.0.0.7
  lannerctl pki issue agent NODE...
${pair.key} signs for every node: keep it off the cluster; neither agent nor collector needs it.`);
}

async function runAgents(
  io: Io,
  nodes: readonly string[],
  options: PkiOptions,
): Promise<void> {
  if (nodes.length > NODES_MAX) usage(`at most ${NODES_MAX} nodes at once`);
  const wrong = nodes.find((node) => !isSegment(node));
  if (wrong !== undefined) {
    usage(`${JSON.stringify(wrong)} cannot stand in a SPIFFE ID: letters, digits, "-", "." and "_"`);
  }
  const jobs = [...new Set(nodes)].map((node) =>
    ({ node, pair: pairAt(join(options.dir, 'agents', node)) }));
  refuseToOverwrite(jobs.map(({ pair }) => pair), options.force === true);
  const { authority, domain } = await openAuthority(options.dir);
  const made: Made[] = [];
  for (const { node, pair } of jobs) {
    const value = agentSpiffeId(domain, node);
    if (value === undefined) usage(`${JSON.stringify(node)} is too long for a SPIFFE ID`);
    made.push(await write('agent', node, pair, authority, {
      commonName: node,
      altNames: [{ type: 'url', value }],
      usage: 'client',
      days: options.days,
    }));
  }
  tell(io, options, made, `
On each node, as LANNER_AGENT_LINK_TLS_* or in the agent’s file:
  link: { tls: { caFile: ca.pem, certFile: NODE.pem, keyFile: NODE.key } }`);
}

async function runCollector(
  io: Io,
  options: PkiOptions & { readonly dns: readonly string[]; readonly ip: readonly string[] },
): Promise<void> {
  const altNames: readonly AltName[] = [
    ...options.dns.map((value): AltName => ({ type: 'dns', value })),
    ...options.ip.map((value): AltName => ({ type: 'ip', value })),
  ];
  const [first] = altNames;
  if (first === undefined) usage('a collector needs --dns or --ip: agents check its name');
  if (altNames.length > NAMES_MAX) usage(`at most ${NAMES_MAX} names`);
  const pair = pairAt(join(options.dir, 'collector'));
  refuseToOverwrite([pair], options.force === true);
  const { authority, domain } = await openAuthority(options.dir);
  const made = await write('collector', first.value, pair, authority, {
    commonName: first.value,
    altNames: [...altNames, { type: 'url', value: `spiffe://${domain}/lanner/collector` }],
    usage: 'server',
    days: options.days,
  });
  tell(io, options, [made], `
In the collector’s file:
  link:
    identity: certificate
    trustDomain: ${domain}
    tls: { certFile: ${pair.certificate}, keyFile: ${pair.key}, caFile: ${
    pairAt(join(options.dir, 'ca')).certificate} }`);
}

async function openAuthority(
  dir: string,
): Promise<{ readonly authority: Authority; readonly domain: string }> {
  const nowMs = systemClock.now();
  const texts = readPair(pairAt(join(dir, 'ca')));
  const authority = await readAuthority({ ...texts, nowMs }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliFailure(exitCodes.usage, `the authority in ${dir} is not usable: ${reason}`, {
      cause: error,
    });
  });
  if (authority.notAfterMs <= nowMs) {
    throw new CliFailure(exitCodes.refused, `the authority in ${dir} is no longer valid`);
  }
  const id = parseSpiffeId(authority.uris[0] ?? '');
  if (id === undefined) {
    throw new CliFailure(exitCodes.refused, `the authority in ${dir} names no trust domain`);
  }
  return { authority, domain: id.trustDomain };
}

async function write(
  kind: string,
  name: string,
  pair: Pair,
  authority: Authority,
  subject: Subject,
): Promise<Made> {
  const issued = await authority.issue(subject);
  writePair(pair, issued);
  return { kind, name, pair, ...issued };
}

function tell(io: Io, options: GlobalOptions, made: readonly Made[], next: string): void {
  for (const { kind, name, pair, serial, notAfterMs } of made) {
    const notAfter = new Date(notAfterMs).toISOString();
    const { certificate, key } = pair;
    if (options.json === true) {
      io.write(`${jsonText({ kind, name, certificate, key, serial, notAfter })}\n`);
    } else {
      const until = notAfter.slice(0, 10);
      io.write(escapeText(`${kind} ${name}: ${certificate}, ${key}, valid until ${until}`) + '\n');
    }
  }
  if (options.json !== true) io.write(`${next.trimEnd()}\n`);
}

function usage(message: string): never {
  throw new CliFailure(exitCodes.usage, message);
}

function dayCount(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) return days;
  throw new InvalidArgumentError(`A whole number of days, 1 to ${DAYS_MAX}.`);
}

function trustDomain(text: string): string {
  if (isTrustDomain(text)) return text;
  throw new InvalidArgumentError('Lower-case letters, digits, "-", "." and "_".');
}

function dnsName(text: string): string {
  if (text.length <= 253 && DNS_NAME.test(text) && isIP(text) === 0) return text;
  throw new InvalidArgumentError('A host name.');
}

function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError('An IP address.');
}

/** For options that may be said several times, or with several values. */
const collect =
  (check: (text: string) => string) =>
  (text: string, before: readonly string[]): readonly string[] => [...before, check(text)];
