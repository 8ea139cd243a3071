import type { AgentName } from './faces.ts';
import type { ImageName } from './image-face.ts';
import type { Tx } from './tables.ts';

/**
 * Numbers for what runs name again and again. What is remembered was committed today, so that
 * retention will not take it away; on a new day all of it is written, and so renewed, once more.
 */
export const IMAGE_NAMES_REMEMBERED_MAX = 100_000;
const ROWS_PER_STATEMENT = 500;

export type Owner = {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
};

const tables = {
  image_names: ['repository', 'tag', 'digest'],
  image_owners: ['namespace', 'workload', 'cluster'],
  image_nodes: ['cluster', 'node'],
} as const;

type Name = Readonly<Record<string, string>>;
type Ids = ReadonlyMap<string, number>;

export class ImageNames {
  readonly #images = new NamesOfTable('image_names');
  readonly #owners = new NamesOfTable('image_owners');
  readonly #nodes = new NamesOfTable('image_nodes');

  async write(tx: Tx, names: {
    readonly images: readonly ImageName[];
    readonly owners: readonly Owner[];
    readonly nodes: readonly AgentName[];
  }, day: number) {
    const images = await this.#images.write(tx, names.images, day);
    const owners = await this.#owners.write(tx, names.owners, day);
    const nodes = await this.#nodes.write(tx, names.nodes, day);
    return {
      image: (name: ImageName): number => this.#images.id(name, day, images),
      owner: (name: Owner): number => this.#owners.id(name, day, owners),
      node: (name: AgentName): number => this.#nodes.id(name, day, nodes),
      /** After the commit. */
      remember: (): void => {
        this.#images.remember(day, images);
        this.#owners.remember(day, owners);
        this.#nodes.remember(day, nodes);
      },
    };
  }
}

class NamesOfTable {
  readonly #table: keyof typeof tables;
  readonly #known = new Map<string, number>();
  #day = 0;

  constructor(table: keyof typeof tables) {
    this.#table = table;
  }

  async write(tx: Tx, names: readonly Name[], day: number): Promise<Ids> {
    const due = new Map<string, Name>();
    for (const name of names) {
      const key = this.#keyOf(name);
      if (this.#day !== day || !this.#known.has(key)) due.set(key, name);
    }
    // One order of locking for all replicas.
    const rows = [...due].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
    const ids = new Map<string, number>();
    const columns = tables[this.#table];
    for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
      const some = rows.slice(start, start + ROWS_PER_STATEMENT).map((name) =>
        ({ ...Object.fromEntries(columns.map((column) => [column, name[column] ?? ''])),
          last_day: day }));
      const written = await tx.insertInto(this.#table).values(some as never)
        .onConflict((conflict) => conflict.columns([...columns] as never)
          .doUpdateSet((eb) => ({ last_day: eb.ref('excluded.last_day' as never) })))
        .returning(['id', ...columns] as never)
        .execute() as readonly (Name & { readonly id: number })[];
      for (const row of written) ids.set(this.#keyOf(row), row.id);
    }
    return ids;
  }

  id(name: Name, day: number, written: Ids): number {
    const key = this.#keyOf(name);
    const id = written.get(key) ?? (this.#day === day ? this.#known.get(key) : undefined);
    if (id === undefined) throw new Error(`a name of ${this.#table} was not written`);
    return id;
  }

  remember(day: number, written: Ids): void {
    const isFull = this.#known.size + written.size > IMAGE_NAMES_REMEMBERED_MAX;
    if (day !== this.#day || isFull) this.#known.clear();
    this.#day = day;
    for (const [key, id] of written) this.#known.set(key, id);
  }

  #keyOf(name: Name): string {
    return JSON.stringify(tables[this.#table].map((column) => name[column] ?? ''));
  }
}
