import { severities } from '../../baseline/alert.ts';
import { isRaised } from '../incident/handling.ts';
import { matchesGlob } from '../policy/glob.ts';
import type { ChangeKind } from '../store/faces.ts';
import type { Notice } from './notice.ts';
import type { OutputConfig, OutputKind } from './output-config.ts';
import type { SendableChange, SentMark } from './output-store.ts';

/** Which records an output sends, and when it sends one of them again. */
type Rules = Pick<OutputConfig, 'kind' | 'kinds' | 'severity' | 'namespaces' | 'images'>;

/** Alertmanager has a place for what begins and ends only. */
const kindsOf = (kind: OutputKind): readonly ChangeKind[] =>
  (kind === 'alertmanager' ? ['incident'] : ['alert', 'incident', 'gap']);

/** What somebody suppressed, and what only repeats itself, goes nowhere. */
export const isTold = (change: SendableChange): boolean =>
  change.kind !== 'alert' || isRaised(change.row.handling);

export function passes(notice: Notice, rules: Rules): boolean {
  const { kind, kinds, severity, namespaces, images } = rules;
  const wanted: readonly string[] = kinds ?? kindsOf(kind);
  if (!wanted.includes(notice.kind)) return false;
  if (severities.indexOf(notice.severity) < severities.indexOf(severity)) return false;
  return matchesOne(namespaces, notice.place.namespace) && matchesOne(images, notice.place.image);
}

/** What is of no namespace or image (a gap, a sensor that fell silent) concerns all of them. */
const matchesOne = (patterns: readonly string[], text: string): boolean =>
  patterns.length === 0 || text === '' || patterns.some((pattern) => matchesGlob(pattern, text));

export function isNews(notice: Notice, mark: SentMark | undefined): boolean {
  return mark === undefined || mark.state !== notice.state ||
    severities.indexOf(notice.severity) > mark.severity;
}

export const markOf = (notice: Notice, atMs: number): SentMark => ({
  recordId: notice.recordId,
  severity: severities.indexOf(notice.severity),
  state: notice.state,
  atMs,
});
