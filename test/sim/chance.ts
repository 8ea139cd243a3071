import { random } from '../../baseline/testing/random.ts';

/** Everything that chance decides in one run, from one seed. */
export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  /** In [0, 1). */
  readonly unit = (): number => this.#next();

  happens(probability: number): boolean {
    return this.#next() < probability;
  }

  /** Whole numbers from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  oneOf<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }
}
