/** What the processes of the overload test tell each other. */

export const kinds = ['exec', 'other'] as const;
export type Kind = (typeof kinds)[number];
export const kindOf = (type: string): Kind => (type.startsWith('exec') ? 'exec' : 'other');

/**
 * To Falco: events happen at this rate from now on, whether anybody reads them or not. Null: one
 * happens whenever one can be sent.
 */
export type Rate = { readonly eventsPerSecond: number | null };

/** From Falco, on request: what happened and what was sent of it. */
export type Sent = {
  readonly happened: number;
  readonly sent: Readonly<Record<Kind, number>>;
  /** The longest time in which nothing more could be written although something waited. */
  readonly stalledMsMax: number;
};

export type Span = { readonly fromMs: number; readonly toMs: number; readonly events: number };

/** From the agent, some times a second. */
export type Look = {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly received: number;
  readonly judged: number;
  readonly lagSeconds: number;
  readonly shed: { readonly read: number; readonly file: number; readonly network: number };
  /** What the baseline was given to judge. */
  readonly execs: number;
  readonly gaps: readonly Span[];
};
