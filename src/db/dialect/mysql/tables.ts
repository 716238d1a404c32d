import {
  type ColumnDefinitionNode,
  type CreateTableNode,
  ForeignKeyConstraintNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  RawNode,
  TableNode,
} from 'kysely';

/**
 * Makes tables as MySQL needs them said: foreign keys as constraints of the table (beside a column they are read and
 * forgotten), InnoDB, and text that compares byte by byte, so that names which differ in case or in blanks at the end are
 * two names, as on the other databases.
 */
export function mysqlTables(collation: string): KyselyPlugin {
  const transformer = new TableTransformer(collation);
  return {
    transformQuery: ({ node }) => transformer.transformNode(node),
    transformResult: async ({ result }) => result,
  };
}

class TableTransformer extends OperationNodeTransformer {
  readonly #ending: RawNode;

  constructor(collation: string) {
    super();
    this.#ending = RawNode.createWithSql(`engine = InnoDB default character set utf8mb4 collate ${collation}`);
  }

  protected override transformCreateTable(node: CreateTableNode): CreateTableNode {
    const table = super.transformCreateTable(node);
    const name = TableNode.is(table.table) ? table.table.table.identifier.name : 'table';
    const keys = table.columns.flatMap((column) => foreignKey(name, column));
    return {
      ...table,
      columns: table.columns.map(({ references: _, ...column }) => column),
      constraints: [...(table.constraints ?? []), ...keys],
      endModifiers: [...(table.endModifiers ?? []), this.#ending],
    };
  }
}

function foreignKey(table: string, { column, references }: ColumnDefinitionNode): ForeignKeyConstraintNode[] {
  if (references === undefined) return [];
  const name = `fk_${table}_${column.column.name}`;
  const key = ForeignKeyConstraintNode.create([column], references.table, references.columns, name);
  return [{ ...key, ...(references.onDelete && { onDelete: references.onDelete }) }];
}
