import type { Command } from 'commander';

import type { Decision } from '../../baseline/profile/decisions.ts';
import { jsonText } from '../json-text.ts';
import { decisionText } from '../profiles/decision-rules.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { NAMES, findProfile } from './profile-name.ts';
import { addSaid, saidOf } from './said.ts';
import type { SaidOptions } from './said.ts';
import { escapeText } from './terminal.ts';
import { choice, itemsOf } from './values.ts';

/** What people say about profiles: approve, reject, lock, unlock, reset. */
export function addProfileDecisionCommands(profile: Command, io: Io): void {
  for (const verb of ['approve', 'reject'] as const) addJudging(profile, io, verb);
  addPlace(profile, io, 'lock', 'learn nothing new; what is new is raised');
  addPlace(profile, io, 'unlock', 'learn again');
  addPlace(profile, io, 'reset', 'forget what was learned until now, everywhere');
}

type JudgeOptions = GlobalOptions & SaidOptions & {
  readonly scope?: string;
  readonly behaviour?: readonly string[];
  readonly against?: string;
};

function addJudging(profile: Command, io: Io, verb: 'approve' | 'reject'): void {
  const command = profile.command(`${verb} <profile>`)
    .description(verb === 'approve'
      ? 'these behaviours are known and trusted, however few pods showed them'
      : 'these behaviours are never learned, and raised every time')
    .option('--behaviour <channel=value...>', 'e.g. "exec=exec /bin/sh as root ← nginx"')
    .option('--against <profile>', 'or: all that it does and that one does not')
    .option('--scope <scope>', 'image (default), lineage or everywhere',
      choice(['image', 'lineage', 'everywhere']))
    .addHelpText('after', `${NAMES}
Examples:
  lannerctl profile ${verb} shop/web:1.4.3 --against shop/web:1.4.2 --why 'read the diff'
  lannerctl profile ${verb} shop/web:1.4.3 --behaviour 'net=listen :9100/tcp by node' --why '…'`);
  addSaid(command).action(async (name: string, _, self: Command) => {
    const options: JudgeOptions = self.optsWithGlobals();
    const client = clientOf(io, options);
    const { id } = await findProfile(client, name);
    const reply = await client.post(`/api/v1/profiles/${id}/${verb}`, {
      ...saidOf(options),
      ...(options.scope === undefined ? {} : { scope: options.scope }),
      ...(options.behaviour === undefined ? {} : { behaviours: options.behaviour.map(named) }),
      ...(options.against === undefined ? {}
        : { against: (await findProfile(client, options.against)).id }),
    });
    answer(io, options, itemsOf(reply) as readonly Decision[]);
  });
}

function named(text: string): { readonly channel: string; readonly value: string } {
  const equals = text.indexOf('=');
  if (equals > 0) return { channel: text.slice(0, equals), value: text.slice(equals + 1) };
  throw new CliFailure(exitCodes.usage, '--behaviour is channel=value, as `profile show` says it');
}

type PlaceReply = {
  readonly items: readonly Decision[];
  readonly undone?: readonly Decision[];
  readonly profiles?: readonly { readonly key: string }[];
};

type PlaceVerb = 'lock' | 'unlock' | 'reset';

function addPlace(profile: Command, io: Io, verb: PlaceVerb, about: string): void {
  const command = profile.command(`${verb} <profile>`)
    .description(about)
    .option('--scope <scope>', 'image (default) or lineage: all versions of the repository',
      choice(['image', 'lineage']))
    .addHelpText('after', `${NAMES}
Example:
  lannerctl profile ${verb} docker.io/shop/web:1.4.2 --why '…'`);
  addSaid(command).action(async (name: string, _, self: Command) => {
    const options: GlobalOptions & SaidOptions & { scope?: string } = self.optsWithGlobals();
    const client = clientOf(io, options);
    const { id } = await findProfile(client, name);
    const reply = await client.post(`/api/v1/profiles/${id}/${verb}`, {
      ...saidOf(options),
      ...(options.scope === undefined ? {} : { scope: options.scope }),
    }) as PlaceReply;
    answer(io, options, reply.items);
    if (options.json === true) return;
    for (const one of reply.undone ?? []) {
      io.write(`${one.id}: undone, ${escapeText(decisionText(one))}\n`);
    }
    for (const { key } of reply.profiles ?? []) io.write(`forgotten: ${escapeText(key)}\n`);
  });
}

function answer(io: Io, options: GlobalOptions, decisions: readonly Decision[]): void {
  for (const one of decisions) {
    io.write(options.json === true
      ? `${jsonText(one)}\n`
      : `${one.id}: ${escapeText(decisionText(one))}\n`);
  }
}
