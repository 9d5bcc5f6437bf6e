import type { ReactNode } from "react";
import css from "./table.module.css";

/**
 * A plain, dense, semantic table; numbers stand at the right. It scrolls sideways inside its panel, never the page. One
 * that `stacks` shows its rows below each other on a phone, each value beside the title of its column.
 */
export function Table<Row>({ label, columns, rows, rowKey, empty, stacks = false }: TableContent<Row>) {
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <div className={css.scroll}>
      <table className={stacks ? `${css.table} ${css.stacks}` : css.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.key} className={classOf(column)} data-title={column.title}>
                  {column.cell(row, at)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf({ number = false, wideOnly = false }: Pick<Column<unknown>, "number" | "wideOnly">): string {
  return [...(number ? [css.number] : []), ...(wideOnly ? [css.wideOnly] : [])].join(" ");
}

export type Column<Row> = {
  readonly key: string;
  readonly title: string;
  readonly number?: boolean;
  /** Left out on a phone. */
  readonly wideOnly?: boolean;
  readonly cell: (row: Row, at: number) => ReactNode;
};

type TableContent<Row> = {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  readonly empty?: ReactNode;
  readonly stacks?: boolean;
};
