import type { Alert } from '../../baseline/alert.ts';
import { escapeText, padEnd, paint, truncate, widthOf, wrap } from './terminal.ts';

/** How wide a line may be, and whether it may be coloured. */
export type LineOptions = {
  readonly colour: boolean;
  /** Columns of the terminal; absent for no limit (a pipe, a file). */
  readonly width?: number;
  /** Go on in further lines under the reason, instead of cutting it off. */
  readonly wrap?: boolean;
  readonly language?: 'en' | 'zh';
};

const SEVERITY_COLUMNS = 8;
const PLACE_COLUMNS = 30;
const REASON_COLUMNS_MIN = 20;
/** Narrower than this no line is readable; the terminal may break it as it likes. */
const WIDTH_MIN = 60;

/** `10:00:00 HIGH     shop/web-xn5cd  /bin/bash started by gunicorn: never seen …` */
export function formatAlertLine(alert: Alert, options: LineOptions): string {
  const severity = alert.severity === 'informational' ? 'info' : alert.severity;
  return formatLine({
    time: alert.lastTime,
    label: severity.toUpperCase(),
    style: alert.severity,
    place: placeOf(alert),
    text: alert.reason[options.language ?? 'en'] || alert.reason.en,
    suffix: alert.count > 1 ? `×${alert.count}` : '',
  }, options);
}

export type Line = {
  readonly time: string;
  readonly label: string;
  readonly style: Alert['severity'] | 'dim' | 'bold';
  readonly place: string;
  readonly text: string;
  readonly suffix: string;
};

/** Everything but `label` and `suffix` is text from outside, and escaped here. */
export function formatLine(line: Line, options: LineOptions): string {
  const { colour } = options;
  const width = options.width === undefined ? undefined : Math.max(options.width, WIDTH_MIN);
  const time = clockOf(line.time);
  const place = escapeText(line.place);
  const text = [escapeText(line.text), line.suffix].filter((part) => part !== '').join(' ');
  const label = paint(padEnd(line.label, SEVERITY_COLUMNS), line.style, colour);
  if (width === undefined) {
    return `${time} ${label} ${padEnd(place, PLACE_COLUMNS)} ${text}`;
  }
  const placeColumns = Math.min(PLACE_COLUMNS, Math.max(12, Math.floor(width / 3)));
  const before = widthOf(time) + 1 + SEVERITY_COLUMNS + 1;
  const head = `${paint(time, 'dim', colour)} ${label} `;
  const room = Math.max(REASON_COLUMNS_MIN, width - before - placeColumns - 1);
  if (options.wrap !== true) {
    return `${head}${padEnd(truncate(place, placeColumns), placeColumns)} ${truncate(text, room)}`;
  }
  // A long reason is read better below the place than in a narrow column beside it.
  const lines = wrap(`${place}  ${text}`, Math.max(REASON_COLUMNS_MIN, width - before));
  return lines.map((one, index) => (index === 0 ? head : ' '.repeat(before)) + one).join('\n');
}

/** The time of day of an RFC 3339 time, as the agent gave it: UTC. */
function clockOf(time: string): string {
  const match = /^\d{4}-\d{2}-\d{2}T(\d{2}:\d{2}:\d{2})/.exec(time);
  return match?.[1] ?? '--:--:--';
}

function placeOf(
  alert: Pick<Alert, 'namespace' | 'pod' | 'image' | 'containerName' | 'node'>,
): string {
  if (alert.pod !== '') return `${alert.namespace}/${alert.pod}`;
  return `${alert.containerName || alert.image.repository || 'host'}@${alert.node}`;
}
