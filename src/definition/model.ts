import type { CatalogColumn, CatalogTable } from './catalog.ts';
import type { SpecPath } from './issues.ts';
import type { Definition } from './load.ts';
import type { Location } from './problems.ts';

/** A definition whose names have all been found in the catalog: a tree of table nodes and of values read from them. */
export interface ResolvedIndex {
  readonly definition: Definition;
  readonly root: TableNode;
  readonly document: ObjectValue;
}

/** One place in the tree where rows of a table are read; the same table may be read in several. */
export interface TableNode {
  readonly table: CatalogTable;
  /** How its rows hang on the rows of the node above; null for the root. */
  readonly relation: Relation | null;
  /** Rows outside it are left out. */
  readonly where: Expression | null;
}

export interface Relation {
  readonly parent: TableNode;
  /** The columns of the parent and, parallel, of this node whose values are equal. */
  readonly parentColumns: readonly string[];
  readonly columns: readonly string[];
}

/** SQL from a definition: a value, or a condition. */
export interface Expression {
  readonly table: CatalogTable;
  readonly sql: string;
  readonly kind: 'value' | 'condition';
  readonly at: Location;
}

export type Value = ColumnValue | ExpressionValue | ObjectValue | OneValue | ManyValue | CountValue;

export interface ColumnValue {
  readonly kind: 'column';
  readonly column: CatalogColumn;
}

export interface ExpressionValue {
  readonly kind: 'expression';
  readonly expression: Expression;
}

export interface ObjectValue {
  readonly kind: 'object';
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly value: Value;
  readonly path: SpecPath;
}

/** `value`, seen from the one related row; null without one. */
export interface OneValue {
  readonly kind: 'one';
  readonly node: TableNode;
  readonly value: Value;
}

/** `value`, seen from each of the rows that point here. */
export interface ManyValue {
  readonly kind: 'many';
  readonly node: TableNode;
  readonly value: Value;
  readonly order: readonly OrderTerm[];
}

export interface OrderTerm {
  readonly value: Value;
  readonly isDescending: boolean;
}

export interface CountValue {
  readonly kind: 'count';
  readonly node: TableNode;
}

/** Visits a value and everything below it, a table node before what is read from it. */
export function visit(
  value: Value,
  node: TableNode,
  visitor: {
    readonly node?: (node: TableNode) => void;
    readonly value?: (value: Value, node: TableNode) => void;
  },
): void {
  visitor.value?.(value, node);
  switch (value.kind) {
    case 'column':
    case 'expression':
      return;
    case 'object':
      for (const field of value.fields) visit(field.value, node, visitor);
      return;
    case 'one':
    case 'many':
      visitor.node?.(value.node);
      visit(value.value, value.node, visitor);
      return;
    case 'count':
      visitor.node?.(value.node);
  }
}

/** Every table node of an index, the root first. */
export function nodesOf({ root, document }: ResolvedIndex): TableNode[] {
  const nodes = [root];
  visit(document, root, { node: (node) => nodes.push(node) });
  return nodes;
}

/** Every expression and condition of an index. */
export function expressionsOf(index: ResolvedIndex): Expression[] {
  const found = nodesOf(index).flatMap(({ where }) => where ?? []);
  visit(index.document, index.root, {
    value: (value) => {
      if (value.kind === 'expression') found.push(value.expression);
    },
  });
  return found;
}
