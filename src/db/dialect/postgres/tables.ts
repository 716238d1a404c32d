import { type ColumnDefinitionNode, DataTypeNode, type KyselyPlugin, OperationNodeTransformer, RawNode } from 'kysely';

/**
 * Makes columns of text that compare and sort byte by byte, whatever the database's locale: lists come in the same order as
 * on the other databases, and the beginning of an id is found by its index.
 */
export function postgresTables(): KyselyPlugin {
  const transformer = new ColumnTransformer();
  return {
    transformQuery: ({ node }) => transformer.transformNode(node),
    transformResult: async ({ result }) => result,
  };
}

class ColumnTransformer extends OperationNodeTransformer {
  protected override transformColumnDefinition(node: ColumnDefinitionNode): ColumnDefinitionNode {
    const column = super.transformColumnDefinition(node);
    const { dataType } = column;
    if (!DataTypeNode.is(dataType) || !/^(varchar|text)/.test(dataType.dataType)) return column;
    return { ...column, dataType: RawNode.createWithSql(`${dataType.dataType} collate "C"`) };
  }
}
