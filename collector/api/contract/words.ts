import Type from 'typebox';
import type { TSchema } from 'typebox';

/**
 * The words that all requests and answers of the API are made of. Nothing in this folder needs the
 * server: the console takes its types from here.
 */
export const closed = { additionalProperties: false } as const;

export const oneOf = <T extends string>(values: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ ...Type.Enum([...values]), ...options });

export const name = Type.String({ minLength: 1, maxLength: 1_024 });
export const text = Type.String();
export const texts = Type.Array(text);
export const count = Type.Integer({ minimum: 0 });
export const number = Type.Number();
/** RFC 3339 in UTC. */
export const time = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$',
});
export const timeOrNone = Type.Union([time, Type.Null()]);
export const words = Type.Object({ en: text, zh: text }, closed);

export const LIMIT_MAX = 500;

export const page = {
  limit: Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: 100 }),
  /** The `nextCursor` of the page before. */
  cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,16}$' })),
};

export const idParams = Type.Object({ id: name }, closed);

/**
 * Newest first. A page may be short, or even empty, and not the last: looking for something rare
 * stops after a bounded number of rows and goes on at `nextCursor`. Null is the end.
 */
export const listOf = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  }, closed);

/** All of it at once: what is bounded by itself. */
export const allOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item) }, closed);

type Deep<T> = T extends readonly (infer Item)[]
  ? readonly Deep<Item>[]
  : T extends object ? { readonly [Key in keyof T]: Deep<T[Key]> } : T;

/** An answer made of what others must not change. */
export const fixed = <T extends TSchema>(schema: T) => Type.Unsafe<Deep<Type.Static<T>>>(schema);

/** Of 204. */
export const nothing = Type.Unsafe<undefined>(Type.Null({ description: 'Done' }));

export const errorAnswer = Type.Object({
  error: Type.Object({ code: text, message: text }),
}, { description: 'Why it was refused; `code` is for programs.' });
export type ErrorAnswer = Type.Static<typeof errorAnswer>;

/** Free text is looked for as it is written, without regard to the case of its letters. */
export const SEARCH_CHARACTERS_MIN = 2;
export const SEARCH_CHARACTERS_MAX = 200;
export const searchText = Type.String({
  minLength: SEARCH_CHARACTERS_MIN,
  maxLength: SEARCH_CHARACTERS_MAX,
  pattern: '\\S',
});
