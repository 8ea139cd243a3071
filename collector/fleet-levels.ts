import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

import type { ProfileState } from '../baseline/alert.ts';
import { IMAGE_FORM } from './bounded-label.ts';
import type { Clock } from './clock.ts';
import { BUDGET_DAYS, budgetsOf } from './fatigue/alert-budget.ts';
import type { ImageBudget } from './fatigue/alert-budget.ts';
import type { TallyStore } from './fatigue/fatigue-store.ts';
import type { FlowLevels, FlowStore } from './flows/flow-store.ts';
import type { AgentStore } from './store/faces.ts';

/**
 * What the store knows of the fleet, as gauges: agents that are heard, how far images are learned,
 * alarms against their budget. Read when Prometheus asks, at most every `AGE_MS`, by each replica
 * alike (a dashboard takes the maximum). When the store fails or takes longer than `READ_MS_MAX`
 * these gauges are absent and `store_up` is 0; the scrape still answers.
 *
 * Bounds: the `IMAGES_SHOWN_MAX` images with the most pods; how many are left out is a gauge.
 */
const AGE_MS = 30_000;
const READ_MS_MAX = 3_000;
export const IMAGES_SHOWN_MAX = 200;
/** Twelve heartbeats. */
export const SILENT_MS = 60_000;
/** Not heard for so long: its node is gone. */
const GONE_MS = 86_400_000;
const DAY_MS = 86_400_000;
const LONGEST_DAYS = Math.max(...BUDGET_DAYS);

type StoredAgent = Awaited<ReturnType<AgentStore['listAgents']>>[number];
type FleetStore =
  & Pick<AgentStore, 'listAgents'>
  & Pick<TallyStore, 'talliesSince'>
  & Pick<FlowStore, 'flowLevels'>;

export type FleetLevelsOptions = {
  readonly registry: Registry;
  readonly store: FleetStore;
  readonly falseAlarmsPerDay: number;
  readonly clock: Clock;
};

type ImageLevel = {
  readonly image: string;
  readonly pods: number;
  readonly coverage: number;
  readonly learning: number;
};

export type FleetReading = {
  readonly agents: Readonly<Record<'heard' | 'blind' | 'silent', number>>;
  readonly profiles: Readonly<Record<ProfileState, number>>;
  readonly images: readonly ImageLevel[];
  readonly imagesLeftOut: number;
  readonly budgets: readonly ImageBudget[];
  readonly flows: FlowLevels;
};

export function registerFleetLevels(options: FleetLevelsOptions): void {
  const { registry } = options;
  const read = cached(options);
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    set: (gauge: Gauge, reading: FleetReading) => void,
  ): void => {
    new Gauge({
      name: `lanner_collector_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      async collect() {
        const reading = await read();
        this.reset();
        if (reading !== undefined) set(this, reading);
        // `reset` leaves a zero where there are no labels: nobody knows is not none.
        else if (labelNames.length === 0) this.remove();
      },
    });
  };
  new Gauge({
    name: 'lanner_collector_store_up',
    help: '0 while the store does not answer',
    registers: [registry],
    async collect() {
      this.set(await read() === undefined ? 0 : 1);
    },
  });
  gauge('agents', 'Agents heard within a day: heard, blind (no Falco), silent', ['state'],
    (one, { agents }) => setAll(one, 'state', agents));
  gauge('profiles', 'Image profiles that run, by state', ['state'],
    (one, { profiles }) => setAll(one, 'state', profiles));
  gauge('images_left_out', `Images beyond the ${IMAGES_SHOWN_MAX} with the most pods`, [],
    (one, { imagesLeftOut }) => one.set(imagesLeftOut));
  registerImages(gauge);
  gauge('flows', 'Flows in the ledger, by how exactly their times are known', ['precision'],
    (one, { flows: { minuteFlows, hourFlows } }) =>
      setAll(one, 'precision', { minute: minuteFlows, hour: hourFlows }));
  gauge('flows_oldest_timestamp_seconds', 'Begin of the oldest flow; absent while there is none', [],
    (one, { flows: { oldestMs } }) => {
      if (oldestMs === null) one.remove();
      else one.set(oldestMs / 1_000);
    });
}

type AddGauge = (
  name: string,
  help: string,
  labelNames: readonly string[],
  set: (gauge: Gauge, reading: FleetReading) => void,
) => void;

function registerImages(gauge: AddGauge): void {
  const ofImages = (name: string, help: string, value: (level: ImageLevel) => number): void =>
    gauge(name, help, ['image'], (one, { images }) => {
      for (const level of images) one.set({ image: level.image }, value(level));
    });
  ofImages('image_pods', 'Pods of an image that have taught its profiles', ({ pods }) => pods);
  ofImages('image_coverage_ratio', 'Of its least known profile, 0 to 1', ({ coverage }) => coverage);
  ofImages('image_profiles_learning', 'Profiles of an image that still learn',
    ({ learning }) => learning);
  const ofBudgets = (name: string, help: string, value: (budget: ImageBudget) => number): void =>
    gauge(name, help, ['image'], (one, { images, budgets }) => {
      const shown = new Set(images.map(({ image }) => image));
      for (const budget of budgets) {
        if (shown.has(budget.image)) one.set({ image: budget.image }, value(budget));
      }
    });
  const week = ({ spans }: ImageBudget) => spans.find(({ days }) => days === 7);
  ofBudgets('image_alarms', 'Alarms that were raised within seven days (UTC)',
    (budget) => week(budget)?.raised ?? 0);
  ofBudgets('image_alarms_allowed', 'What the false-alarm budget allows in that time',
    (budget) => week(budget)?.allowed ?? 0);
  ofBudgets('image_over_budget', '1 where that is more than chance explains (less than 1 %)',
    ({ spans }) => (spans.some(({ isOver }) => isOver) ? 1 : 0));
}

function setAll(gauge: Gauge, label: string, counts: Readonly<Record<string, number>>): void {
  for (const [value, count] of Object.entries(counts)) gauge.set({ [label]: value }, count);
}

/** All gauges of one scrape ask at once, and a store that hangs is asked once. */
function cached(options: FleetLevelsOptions): () => Promise<FleetReading | undefined> {
  const { clock } = options;
  let readMs = -Infinity;
  let isReading = false;
  let reading: Promise<FleetReading | undefined> | undefined;
  return () => {
    const nowMs = clock.now();
    if (reading === undefined || (!isReading && Math.abs(nowMs - readMs) >= AGE_MS)) {
      readMs = nowMs;
      isReading = true;
      reading = readFleet(options, nowMs)
        .catch(() => {
          // `store_up` tells it, and the next scrape asks again.
          readMs = -Infinity;
          return undefined;
        })
        .finally(() => {
          isReading = false;
        });
    }
    return within(reading, clock);
  };
}

function within<T>(work: Promise<T>, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(READ_MS_MAX, () => resolve(undefined));
    work.finally(cancel).then(resolve, reject);
  });
}

async function readFleet(
  { store, falseAlarmsPerDay }: FleetLevelsOptions,
  nowMs: number,
): Promise<FleetReading> {
  const agents = await store.listAgents();
  const tallies = await store.talliesSince(Math.floor(nowMs / DAY_MS) - LONGEST_DAYS + 1);
  return {
    ...levelsOf(agents, nowMs),
    budgets: budgetsOf(agents, tallies, falseAlarmsPerDay, nowMs),
    flows: await store.flowLevels(),
  };
}

/** Pure. */
export function levelsOf(
  agents: readonly StoredAgent[],
  nowMs: number,
): Omit<FleetReading, 'budgets' | 'flows'> {
  const known = { heard: 0, blind: 0, silent: 0 };
  const running = agents.filter(({ lastSeenMs }) => nowMs - lastSeenMs <= GONE_MS);
  for (const { lastSeenMs, heartbeat } of running) {
    if (nowMs - lastSeenMs > SILENT_MS) known.silent += 1;
    else if (isBlind(heartbeat?.sensorState)) known.blind += 1;
    else known.heard += 1;
  }
  const profiles = { learning: 0, complete: 0, 'never-complete': 0 };
  const images = new Map<string, ImageLevel>();
  for (const { image: { repository: image }, state, coverage, pods } of furthest(running)) {
    profiles[state] += 1;
    if (!IMAGE_FORM.test(image)) continue;
    const before = images.get(image) ?? { image, pods: 0, coverage: 1, learning: 0 };
    images.set(image, {
      image,
      pods: before.pods + pods,
      coverage: Math.min(before.coverage, Math.max(0, coverage)),
      learning: before.learning + (state === 'learning' ? 1 : 0),
    });
  }
  const byPods = [...images.values()].toSorted((a, b) =>
    b.pods - a.pods || (a.image < b.image ? -1 : 1));
  return {
    agents: known,
    profiles,
    images: byPods.slice(0, IMAGES_SHOWN_MAX),
    imagesLeftOut: Math.max(0, byPods.length - IMAGES_SHOWN_MAX),
  };
}

/** An agent that does not say is of an older version, and not blind. */
const isBlind = (state: string | undefined): boolean =>
  state === 'disconnected' || state === 'ended';

type Progress = NonNullable<StoredAgent['heartbeat']>['images'][number];

/** Of the agents that run an image the one that has seen most of it, as in the list of images. */
function furthest(agents: readonly StoredAgent[]): Iterable<Progress> {
  const best = new Map<string, Progress>();
  for (const { heartbeat } of agents) {
    for (const progress of heartbeat?.images ?? []) {
      const known = best.get(progress.profileKey);
      if (known === undefined || known.observations < progress.observations) {
        best.set(progress.profileKey, progress);
      }
    }
  }
  return best.values();
}
