import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { DamagedFlows, PACKED_PORTS_MAX, packFlows, unpackFlows } from './flow-packing.ts';
import type { PackedFlow } from './flow-packing.ts';

const flow: fc.Arbitrary<PackedFlow> = fc.record({
  peer: fc.oneof(fc.nat(5), fc.nat(2_147_483_647)),
  actor: fc.oneof(fc.nat(5), fc.nat(2_147_483_647)),
  outcome: fc.nat(3),
  folded: fc.boolean(),
  first: fc.oneof(fc.nat(60_000), fc.integer()),
  length: fc.oneof(fc.constant(0), fc.nat(60_000), fc.nat()),
  count: fc.oneof(fc.constant(1), fc.nat()),
  sourcePorts: fc.array(fc.nat(65_535), { maxLength: PACKED_PORTS_MAX }),
  portsBeyond: fc.oneof(fc.constant(0), fc.nat()),
}).map(({ length, ...same }) => ({ ...same, last: same.first + length }));

const byText = (flows: readonly PackedFlow[]): readonly string[] =>
  flows.map((one) => JSON.stringify(Object.entries(one)
    .filter(([name]) => name !== 'place').toSorted(([a], [b]) => (a < b ? -1 : 1)))).toSorted();

describe('packed flows', () => {
  test('come back as they were, each with a place of its own', () => {
    fc.assert(fc.property(fc.array(flow, { maxLength: 60 }), (flows) => {
      const unpacked = unpackFlows(packFlows(flows));
      expect(byText(unpacked)).toEqual(byText(flows));
      expect(unpacked.map(({ place }) => place)).toEqual(flows.map((_, place) => place));
    }));
  });

  test('asked for some peers, the same flows come with the same places', () => {
    fc.assert(fc.property(fc.array(flow, { maxLength: 60 }), fc.nat(5), (flows, wanted) => {
      const packed = packFlows(flows);
      expect(unpackFlows(packed, new Set([wanted])))
        .toEqual(unpackFlows(packed).filter(({ peer }) => peer === wanted));
    }));
  });

  test('damaged bytes are refused or read as flows, and nothing else happens', () => {
    const mutation = fc.record({ at: fc.nat(), value: fc.nat(255), cut: fc.nat(3) });
    fc.assert(fc.property(fc.array(flow, { minLength: 1, maxLength: 9 }), mutation,
      (flows, { at, value, cut }) => {
        const packed = packFlows(flows);
        packed[at % packed.length] = value;
        try {
          expect(unpackFlows(packed.subarray(0, packed.length - cut)).length).toBeLessThan(10_000);
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedFlows);
        }
      }));
  });

  test('other versions and cut bytes are refused', () => {
    const one = { peer: 1, actor: 2, outcome: 0, folded: false, first: 0, last: 5, count: 2,
      sourcePorts: [40_000], portsBeyond: 0 };
    const packed = packFlows([one]);
    expect(() => unpackFlows(packed.subarray(0, packed.length - 1))).toThrow(DamagedFlows);
    expect(() => unpackFlows(Uint8Array.of(2))).toThrow(DamagedFlows);
    expect(() => unpackFlows(new Uint8Array())).toThrow(DamagedFlows);
    expect(unpackFlows(packFlows([]))).toEqual([]);
  });

  test('an everyday flow takes no more than sixteen bytes', () => {
    const flows = Array.from({ length: 100 }, (_, at): PackedFlow => ({ peer: 5_000 + at % 10,
      actor: 9_000 + at % 20, outcome: 0, folded: false, first: 1_000 + at, last: 31_000 + at,
      count: 3, sourcePorts: [40_000 + at, 50_000], portsBeyond: 0 }));
    expect(packFlows(flows).length / flows.length).toBeLessThan(16);
  });
});
