import type { IncidentComment, IncidentView } from
  '../../../../collector/api/contract/incident.ts';

/**
 * Who can be named for an incident without typing: those who have worked on one, the busiest
 * first. Nobody keeps a list of persons here; the identity provider does.
 */
const PEOPLE_MAX = 10;

export function peopleOf(
  incidents: readonly Pick<IncidentView, 'work'>[],
  comments: readonly Pick<IncidentComment, 'by'>[],
  me: string,
): readonly string[] {
  const times = new Map<string, number>();
  const add = (name: string | null | undefined): void => {
    if (name !== null && name !== undefined && name.trim() !== '' && name !== me) {
      times.set(name, (times.get(name) ?? 0) + 1);
    }
  };
  for (const { work } of incidents) {
    add(work.assignee);
    add(work.acknowledged?.by);
    add(work.closed?.by);
  }
  for (const { by } of comments) add(by);
  return [...times]
    .toSorted(([left, some], [right, more]) => more - some || (left < right ? -1 : 1))
    .slice(0, PEOPLE_MAX)
    .map(([name]) => name);
}
