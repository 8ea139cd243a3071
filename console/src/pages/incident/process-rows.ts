import type { ProcessNode } from '../../../../collector/api/contract/alert.ts';

/** The tree as rows in the order of reading, as a list of tree items needs them. */
export type ProcessRow = {
  readonly node: ProcessNode;
  readonly key: string;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly hasChildren: boolean;
  readonly parent: string;
};

/** An attacker who forks in a loop does not draw ten thousand rows. */
export const ROWS_MAX = 200;
const LEVELS_MAX = 40;

export function processRows(
  roots: readonly ProcessNode[],
  closed: ReadonlySet<string>,
): readonly ProcessRow[] {
  const rows: ProcessRow[] = [];
  const visit = (nodes: readonly ProcessNode[], level: number, parent: string): void => {
    nodes.forEach((node, index) => {
      if (rows.length >= ROWS_MAX || level > LEVELS_MAX) return;
      const key = `${parent}/${index}`;
      rows.push({
        node,
        key,
        level,
        position: index + 1,
        siblings: nodes.length,
        hasChildren: node.children.length > 0,
        parent,
      });
      if (!closed.has(key)) visit(node.children, level + 1, key);
    });
  };
  visit(roots, 1, '');
  return rows;
}
