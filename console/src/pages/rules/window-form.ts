import type { WindowBody } from '../../../../collector/api/contract/maintenance.ts';

/** A maintenance window as the form says it. Times are as `datetime-local` writes them. */
export type WindowForm = {
  readonly label: string;
  readonly namespace: string;
  readonly workload: string;
  readonly image: string;
  readonly node: string;
  /** Empty for now. */
  readonly from: string;
  readonly to: string;
  readonly isWeekly: boolean;
  readonly weekday: Weekday;
  readonly start: string;
  readonly minutes: string;
  readonly owner: string;
};

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

export const EMPTY_WINDOW: WindowForm = {
  label: '',
  namespace: '',
  workload: '',
  image: '',
  node: '',
  from: '',
  to: '',
  isWeekly: false,
  weekday: 'sun',
  start: '02:00',
  minutes: '120',
  owner: '',
};

const LABEL = /^\w[\w.:/ -]{0,99}$/;
const MINUTES_MAX = 6 * 24 * 60;

export type ReadWindow =
  | { readonly ok: true; readonly body: Omit<WindowBody, 'reason'> }
  | { readonly ok: false; readonly wrong: 'label' | 'scope' | 'to' | 'weekly' };

export function readWindow(
  form: WindowForm,
  { nowMs, timeZone }: { readonly nowMs: number; readonly timeZone: string },
): ReadWindow {
  if (!LABEL.test(form.label)) return { ok: false, wrong: 'label' };
  const scope = scopeOf(form);
  if (Object.keys(scope).length === 0) return { ok: false, wrong: 'scope' };
  const fromMs = form.from === '' ? nowMs : new Date(form.from).getTime();
  const toMs = new Date(form.to).getTime();
  if (!(toMs > fromMs)) return { ok: false, wrong: 'to' };
  const minutes = Number(form.minutes);
  const isTime = /^([01]\d|2[0-3]):[0-5]\d$/.test(form.start);
  const isLength = Number.isInteger(minutes) && minutes >= 1 && minutes <= MINUTES_MAX;
  if (form.isWeekly && !(isTime && isLength)) return { ok: false, wrong: 'weekly' };
  return {
    ok: true,
    body: {
      label: form.label,
      scope,
      fromTime: new Date(fromMs).toISOString(),
      toTime: new Date(toMs).toISOString(),
      owner: form.owner,
      ...form.isWeekly
        ? { weekly: { timeZone, weekday: form.weekday, start: form.start, minutes } }
        : {},
    },
  };
}

function scopeOf({ namespace, workload, image, node }: WindowForm): WindowBody['scope'] {
  const named = Object.entries({ namespace, workload, image, node })
    .map(([key, value]) => [key, value.trim()])
    .filter(([, value]) => value !== '');
  return Object.fromEntries(named) as WindowBody['scope'];
}

export const scopeText = (scope: WindowBody['scope']): string =>
  [scope.cluster, scope.namespace, scope.workload, scope.image, scope.node]
    .filter((part) => part !== undefined && part !== '').join(' · ');
