/**
 * Looks at a frame's bytes before anything is made of them: exactly one frame, and neither more
 * bytes nor more nested fields than `bounds.ts` allows. The generated decoder would build every
 * object first and leave the counting to us.
 */
import { WIRE_BYTES, WireCursor } from '../../wire.ts';
import { DOCUMENT_BYTES_MAX, FRAME_BYTES_MAX, FRAME_FIELDS_MAX } from './bounds.ts';
import { FrameError } from './frame-error.ts';

/** Field number → the message inside, for the fields that are messages. */
type Shape = ReadonlyMap<number, Shape>;

const shape = (fields: Readonly<Record<number, Shape>> = {}): Shape =>
  new Map(Object.entries(fields).map(([field, inner]) => [Number(field), inner]));

const leaf = shape();
const behaviour = shape({ 7: leaf, 8: leaf, 9: leaf });
const alert = shape({ 13: leaf, 14: leaf, 15: behaviour, 17: leaf, 19: leaf, 24: leaf });
const flowChunk = shape({ 2: shape({ 7: leaf }), 3: leaf });
const progress = shape({ 2: leaf });
const ofImage = shape({ 1: leaf });

export type FrameSide = {
  readonly frames: Shape;
  /** The frames that carry a document, and so may be larger. */
  readonly documentFields: ReadonlySet<number>;
};

export const agentSide: FrameSide = {
  frames: shape({
    1: leaf,
    2: shape({ 3: alert, 4: leaf, 5: flowChunk }),
    3: leaf,
    4: shape({ 7: progress }),
    6: leaf,
    7: shape({ 1: ofImage, 2: ofImage }),
  }),
  documentFields: new Set([3, 6]),
};

export const collectorSide: FrameSide = {
  frames: shape({ 1: leaf, 2: leaf, 3: leaf, 4: leaf, 5: leaf, 6: leaf }),
  documentFields: new Set([3, 6]),
};

const ENVELOPE_BYTES_MAX = 4_096;

/** Nesting is bounded by the shape itself: what it does not name is skipped, not entered. */
const countFields = (cursor: WireCursor, of: Shape, counted: number): number => {
  let count = counted;
  while (cursor.next()) {
    count += 1;
    if (count > FRAME_FIELDS_MAX) throw new FrameError('too-large', 'frame fields');
    const inner = of.get(cursor.field);
    if (inner === undefined || cursor.wireType !== WIRE_BYTES) {
      cursor.skip();
      continue;
    }
    const length = cursor.length();
    const outerEnd = cursor.end;
    cursor.end = cursor.pos + length;
    count = countFields(cursor, inner, count);
    if (cursor.fault === undefined) cursor.pos = cursor.end;
    cursor.end = outerEnd;
  }
  return count;
};

const frameField = (bytes: Uint8Array, side: FrameSide): number => {
  const cursor = new WireCursor(bytes);
  let found = 0;
  while (cursor.next()) {
    if (side.frames.has(cursor.field) && cursor.wireType === WIRE_BYTES) {
      if (found !== 0) throw new FrameError('ambiguous-frame', 'frame');
      found = cursor.field;
    }
    cursor.skip();
  }
  if (cursor.fault !== undefined) throw new FrameError('wire-format', 'frame');
  if (found === 0) throw new FrameError('unknown-frame', 'frame');
  return found;
};

export const checkFrame = (bytes: Uint8Array, side: FrameSide): void => {
  if (bytes.length > DOCUMENT_BYTES_MAX + ENVELOPE_BYTES_MAX) {
    throw new FrameError('too-large', 'frame');
  }
  const field = frameField(bytes, side);
  if (!side.documentFields.has(field) && bytes.length > FRAME_BYTES_MAX) {
    throw new FrameError('too-large', 'frame');
  }
  const cursor = new WireCursor(bytes);
  countFields(cursor, side.frames, 0);
  if (cursor.fault !== undefined) throw new FrameError('wire-format', 'frame');
};
