import { join } from 'node:path';
import type { Alert } from '../baseline/alert.ts';
import { Client } from '../collector/cli/client.ts';
import { stopSignal } from '../config/stop-signal.ts';
import { FalcoWatch } from './falco-watch.ts';
import { HELP, parseOptions, type DemoOptions } from './options.ts';
import { startSession, type Session } from './session.ts';
import { View } from './view.ts';

/** `npm start`: see `options.ts` for what it can be asked. */

const PROGRESS_MS = 500;
const PROGRESS_HEADLESS_MS = 10_000;
const NEWS_MS = 250;

async function run(options: DemoOptions): Promise<number> {
  const view = new View(options);
  const leave = leaving(options);
  const session = await startSession(options);
  const { api } = session.collector.addresses;
  view.say(`Lanner is running. Console: ${await session.collector.signInLink()}`);
  view.say('It signs in once, within five minutes; `login --browser` below makes another.');
  const { token, tokenFile } = session.collector;
  if (!options.headless) view.say(`Admin token, for this run alone: ${token}`);
  const command = `npm run lannerctl -- --url ${api} --token-file ${tokenFile} incidents`;
  view.say(`Another terminal: ${command}`);
  view.say(introduction(options, session));
  const followed = new AbortController();
  const following = follow(session, view, followed.signal);
  const everyMs = options.headless ? PROGRESS_HEADLESS_MS : PROGRESS_MS;
  const progress = setInterval(() => tellProgress(session, view), everyMs);
  const falco = new FalcoWatch(() => session.agent.stats().source, (text) => view.say(text));
  const falcoNews = options.falco === null ? undefined : setInterval(() => falco.look(), NEWS_MS);

  const told = session.told.then(() => 'told' as const);
  let isDrained = true;
  if ((await Promise.race([told, leave])) === 'told') {
    clearInterval(progress);
    tellProgress(session, view);
    view.end();
    isDrained = await session.stopAgent();
    if (options.forMs === null && !options.headless) {
      view.say('The recording is at its end; the API stays. Ctrl-C stops it.');
      await leave;
    }
  }
  clearInterval(progress);
  clearInterval(falcoNews);
  view.end();
  isDrained = (await session.stopAgent()) && isDrained;
  const result = await resultOf(session);
  followed.abort();
  const errors = [await following, ...(await session.stop())].filter((error) => error !== null);
  for (const error of errors) view.say(`did not stop cleanly: ${textOf(error)}`);
  if (!isDrained) view.say('alerts were left undelivered');
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else view.say(summary(result));
  const hasWorked = options.falco === null ? result.alerts > 0 : falco.wasStreaming;
  return errors.length === 0 && isDrained && hasWorked ? 0 : 1;
}

function introduction(options: DemoOptions, session: Session): string {
  if (options.falco !== null) return `Reading from Falco at ${options.falco}`;
  return `Replaying ${options.recording}, ${options.speed} × as fast; ${session.scaleText}.`;
}

/** Resolves at Ctrl-C, SIGTERM or when the time is up. */
function leaving(options: DemoOptions): Promise<'leave'> {
  return new Promise((resolve) => {
    void stopSignal().then(() => resolve('leave'));
    if (options.forMs !== null) setTimeout(() => resolve('leave'), options.forMs).unref();
  });
}

/** Follows the alert stream over the API, as `lannerctl alerts --follow` does. */
async function follow(session: Session, view: View, signal: AbortSignal): Promise<unknown> {
  const { addresses, token } = session.collector;
  const client = new Client({ url: addresses.api, token });
  const shown = new Map<string, string>();
  try {
    for await (const { event, data } of client.stream({ kinds: 'alert' }, signal)) {
      if (event !== 'alert') continue;
      const alert = JSON.parse(data) as Alert;
      // Told when it is new and when it got worse; growth in between is in the incident.
      if (shown.get(alert.id) === alert.severity) continue;
      shown.set(alert.id, alert.severity);
      view.alert(alert);
    }
    return null;
  } catch (error) {
    return error;
  }
}

function tellProgress(session: Session, view: View): void {
  view.progress(session.agent.stats().events.received, session.agent.progress(), Date.now());
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}

type Result = {
  readonly events: number;
  readonly images: number;
  readonly alerts: number;
  readonly incidents: number;
  readonly responses: number;
};

async function resultOf(session: Session): Promise<Result> {
  const { events } = session.agent.stats();
  const { alerts, incidents, responses } = await session.collector.counts();
  const images = session.agent.progress().filter(({ image }) => image.repository !== '').length;
  return { events: events.received, images, alerts, incidents, responses };
}

function summary({ events, images, alerts, incidents, responses }: Result): string {
  const counted = `${events.toLocaleString('en-US')} events of ${images} images`;
  return `${counted}: ${alerts} alerts, ${incidents} incidents, ${responses} responses proposed.`;
}

const parsed = parseOptions(process.argv.slice(2), join(import.meta.dirname, 'recording'));
if (parsed.ok === 'help') {
  process.stdout.write(HELP);
} else if (!parsed.ok) {
  process.stderr.write(`${parsed.error}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  const { apiPort } = parsed.options;
  process.exitCode = await run(parsed.options).catch((error: unknown) => {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    process.stderr.write(`${isTaken ? `port ${apiPort} is taken: another --port, or 0 for any` :
      textOf(error)}\n`);
    return 1;
  });
}
