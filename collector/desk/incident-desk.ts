import type { Clock } from '../clock.ts';
import type { DeskStore, Scope, WorkedIncident } from '../store/desk-face.ts';
import { isWithin, touches } from '../incident/visibility.ts';
import { stepped } from '../incident/work.ts';
import type { IncidentNote, Step } from '../incident/work.ts';

/**
 * The work of people on incidents: acknowledge, assign, comment, close, reopen. Each step names
 * the revision it was decided on; of two at the same time one is refused and nothing is lost. The
 * step, its audit record and its place on the live stream are one transaction of the store.
 */
export type StepRefusal =
  | 'not-found'
  /** Not all of it is in the namespaces where this person may decide. */
  | 'beyond-scope'
  /** It went on in another incident, which `detail` names. */
  | 'merged'
  | 'conflict'
  | 'grown'
  | 'full'
  | 'already'
  | 'closed'
  | 'not-closed';

export type StepOutcome =
  | { readonly ok: true; readonly worked: WorkedIncident; readonly notes: readonly IncidentNote[] }
  | { readonly ok: false; readonly reason: StepRefusal; readonly detail: string };

export type StepBy = {
  /** The principal's name. */
  readonly by: string;
  /** Where this person may see, and where decide. */
  readonly sees: Scope;
  readonly decides: Scope;
  /** Of the work; undefined for a comment. */
  readonly revision?: number;
  readonly incidentRevision?: number;
};

export type IncidentDeskOptions = {
  readonly store: Pick<DeskStore, 'readWorkedIncident' | 'writeWork' | 'listNotes'>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long it took from the incident's opening to the first person. */
  readonly onAcknowledged: (seconds: number) => void;
};

/** Steps that hold for the whole of an incident. */
const WHOLE: ReadonlySet<Step['kind']> = new Set(['close', 'reopen']);

export class IncidentDesk {
  readonly #options: IncidentDeskOptions;

  constructor(options: IncidentDeskOptions) {
    this.#options = options;
  }

  async take(id: string, step: Step, who: StepBy): Promise<StepOutcome> {
    const { store, clock, newId, onAcknowledged } = this.#options;
    const found = await store.readWorkedIncident(id);
    if (found === undefined || !touches(who.sees, found.incident)) return refused('not-found');
    const { incident, work } = found;
    const isAllowed = WHOLE.has(step.kind)
      ? isWithin(who.decides, incident)
      : touches(who.decides, incident);
    if (!isAllowed) return refused('beyond-scope');
    if (incident.mergedInto !== '') return refused('merged', incident.mergedInto);
    if (who.revision !== undefined && who.revision !== work.revision) return refused('conflict');
    const said = { by: who.by, atMs: clock.now() };
    const next = stepped(work, step, said);
    if (!next.ok) return refused(next.reason);
    const written = await store.writeWork({
      incidentId: id,
      work: next.work,
      note: { id: newId(), kind: step.kind, ...said, text: next.text },
      audit: {
        atMs: said.atMs,
        actor: who.by,
        action: `incident.${step.kind}`,
        subject: id,
        detail: detailOf(step),
      },
      ...(who.incidentRevision === undefined ? {} : { incidentRevision: who.incidentRevision }),
    });
    if (written !== 'done') return refused(written);
    if (work.acknowledged === null && next.work.acknowledged !== null) {
      onAcknowledged(Math.max(0, said.atMs - incident.openedAtMs) / 1_000);
    }
    const notes = await store.listNotes(id);
    return { ok: true, worked: { ...found, work: next.work }, notes };
  }
}

const refused = (reason: StepRefusal, detail = ''): StepOutcome => ({ ok: false, reason, detail });

function detailOf(step: Step): Readonly<Record<string, unknown>> {
  const { kind: _, ...detail } = step;
  return detail;
}
