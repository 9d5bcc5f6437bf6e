import type { ReactNode } from "react";
import css from "./table.module.css";

/** A plain, dense, semantic table; numbers stand at the right. It scrolls sideways inside its panel, never the page. */
export function Table<Row>({ label, columns, rows, rowKey, empty }: TableContent<Row>) {
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <div className={css.scroll}>
      <table className={css.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={column.number ? css.number : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.key} className={column.number ? css.number : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export type Column<Row> = {
  readonly key: string;
  readonly title: ReactNode;
  readonly number?: boolean;
  readonly cell: (row: Row) => ReactNode;
};

type TableContent<Row> = {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  readonly empty?: ReactNode;
};
