import type { Channel } from '../alert.ts';

/**
 * "This is normal": a person teaches exactly one behaviour, for one image, for its lineage or
 * everywhere, and can take it back. Only what was raised here can be taught: a slip in a text must
 * not accept something that nobody looked at.
 *
 * Bounds: `RAISED_MAX` remembered behaviours (oldest first), `LESSONS_MAX` lessons.
 */

export const RAISED_MAX = 4096;
export const LESSONS_MAX = 4096;

export type Scope = 'image' | 'lineage' | 'everywhere';

export type Lesson = {
  readonly id: string;
  readonly scope: Scope;
  /** The profile it was taught at; its repository names the lineage. */
  readonly profileKey: string;
  readonly repository: string;
  readonly channel: Channel;
  /** The behaviour as alerts show it. */
  readonly value: string;
  readonly by: string;
  readonly at: string;
  readonly why: string;
};

export type Taught =
  | { readonly ok: true; readonly lesson: Lesson }
  | { readonly ok: false; readonly reason: 'unknown-behaviour' | 'full' | 'duplicate' };

export class Feedback {
  readonly #raised = new Set<string>();
  readonly #lessons = new Map<string, Lesson>();
  /** Values by where they hold, so that a look costs three set look-ups. */
  readonly #accepted = new Map<string, Set<string>>();

  /** Remembers what was raised, under the value that alerts show. */
  noteRaised(channel: Channel, value: string): void {
    const key = `${channel}\u0000${value}`;
    if (this.#raised.has(key)) return;
    if (this.#raised.size >= RAISED_MAX) {
      for (const oldest of this.#raised) {
        this.#raised.delete(oldest);
        break;
      }
    }
    this.#raised.add(key);
  }

  /** Nothing was accepted anywhere: the common case, asked once per novelty. */
  get isEmpty(): boolean {
    return this.#lessons.size === 0;
  }

  isAccepted(channel: Channel, value: string, profile: ProfileName): boolean {
    if (this.isEmpty) return false;
    const entry = `${channel}\u0000${value}`;
    return (
      this.#holds('everywhere', entry) ||
      this.#holds(`lineage\u0000${profile.image.repository}`, entry) ||
      this.#holds(`image\u0000${profile.key}`, entry)
    );
  }

  teach(lesson: Lesson): Taught {
    if (this.#lessons.has(lesson.id)) return { ok: false, reason: 'duplicate' };
    if (this.#lessons.size >= LESSONS_MAX) return { ok: false, reason: 'full' };
    if (!this.#raised.has(`${lesson.channel}\u0000${lesson.value}`)) {
      return { ok: false, reason: 'unknown-behaviour' };
    }
    this.restore(lesson);
    return { ok: true, lesson };
  }

  /** Takes in a lesson that was taught elsewhere or before a restart. */
  restore(lesson: Lesson): void {
    const isKnown = this.#lessons.has(lesson.id);
    if (!isKnown && this.#lessons.size >= LESSONS_MAX) return;
    this.#lessons.set(lesson.id, lesson);
    if (isKnown) this.#rebuild();
    else this.#accept(lesson);
  }

  /** True when there was such a lesson; from then on the behaviour is judged again. */
  undo(id: string): boolean {
    const was = this.#lessons.delete(id);
    if (was) this.#rebuild();
    return was;
  }

  get lessons(): readonly Lesson[] {
    return [...this.#lessons.values()];
  }

  #holds(place: string, entry: string): boolean {
    return this.#accepted.get(place)?.has(entry) ?? false;
  }

  /** Two lessons may teach the same; undoing one must not take the other back. */
  #rebuild(): void {
    this.#accepted.clear();
    for (const lesson of this.#lessons.values()) this.#accept(lesson);
  }

  #accept(lesson: Lesson): void {
    const place = placeOf(lesson);
    const set = this.#accepted.get(place) ?? new Set<string>();
    set.add(`${lesson.channel}\u0000${lesson.value}`);
    this.#accepted.set(place, set);
  }
}

type ProfileName = { readonly key: string; readonly image: { readonly repository: string } };

function placeOf(lesson: Lesson): string {
  switch (lesson.scope) {
    case 'everywhere':
      return 'everywhere';
    case 'lineage':
      return `lineage\u0000${lesson.repository}`;
    case 'image':
      return `image\u0000${lesson.profileKey}`;
  }
}
