import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react';
import {
  createSortedRowModel,
  type RowData,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { type ReactNode, useMemo, useState } from 'react';
import { useRowWindow } from './use-row-window.ts';

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** What to sort by; a column without it cannot be sorted. */
  readonly sort?: (row: Row) => string | number;
  readonly align?: 'end';
  readonly className?: string;
}

export interface Sorting {
  readonly id: string;
  readonly desc: boolean;
}

interface DataTableProps<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowId: (row: Row) => string;
  readonly label: string;
  readonly rowTestId?: (row: Row) => string;
  /** Given together when the page keeps the sorting in the URL; otherwise the table keeps its own. */
  readonly sorting?: Sorting | undefined;
  readonly onSort?: (sorting: Sorting) => void;
  /** What a table that keeps its own begins with; as the rows come when left out. */
  readonly initialSort?: string;
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

/** A dense, calm table. Rows keep their identity by `rowId`, so live values change in place. */
export function DataTable<Row extends RowData>(props: DataTableProps<Row>) {
  const { rows, columns, rowId, label, rowTestId } = props;
  const [own, setOwn] = useState(props.initialSort === undefined ? undefined : { id: props.initialSort, desc: false });
  const sorting = props.onSort ? props.sorting : own;
  const setSorting = props.onSort ?? setOwn;
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const definitions = useMemo(
    () =>
      columns.map(({ id, header, sort }) => ({
        id,
        header,
        accessorFn: (row: Row) => sort?.(row) ?? '',
        enableSorting: sort !== undefined,
        sortFn: 'basic' as const,
      })),
    [columns],
  );
  const table = useTable({
    features,
    columns: definitions,
    data: rows as Row[],
    getRowId: rowId,
    state: { sorting: sorting ? [{ id: sorting.id, desc: sorting.desc }] : [] },
    onSortingChange: () => {},
  });
  const sorted = table.getRowModel().rows;
  const { ref, start, end, before, after } = useRowWindow(sorted.length);
  return (
    <div className="table-scroll">
      <table className="table" aria-label={label} aria-rowcount={sorted.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Header key={column.id} column={column} sorting={sorting} onSort={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody ref={ref}>
          <Gap height={before} span={columns.length} />
          {sorted.slice(start, end).map((row, index) => (
            <tr key={row.id} data-testid={rowTestId?.(row.original)} aria-rowindex={start + index + 2}>
              {row.getAllCells().map((cell) => {
                const column = byId.get(cell.column.id);
                return (
                  <td key={cell.id} className={`${column?.align ?? ''} ${column?.className ?? ''}`}>
                    {column?.cell(row.original)}
                  </td>
                );
              })}
            </tr>
          ))}
          <Gap height={after} span={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

/** Stands for the rows that are not drawn because they are far from what is seen. */
function Gap({ height, span }: { height: number; span: number }) {
  if (height === 0) return null;
  return (
    <tr>
      <td colSpan={span} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

interface HeaderProps<Row> {
  readonly column: Column<Row>;
  readonly sorting: Sorting | undefined;
  readonly onSort: (sorting: Sorting) => void;
}

function Header<Row>({ column, sorting, onSort }: HeaderProps<Row>) {
  if (!column.sort) {
    return (
      <th scope="col" className={column.align}>
        {column.header}
      </th>
    );
  }
  const direction = sorting?.id === column.id ? (sorting.desc ? 'descending' : 'ascending') : 'none';
  const Icon = { ascending: IconArrowUp, descending: IconArrowDown, none: IconArrowsSort }[direction];
  return (
    <th scope="col" className={column.align} aria-sort={direction}>
      <button
        type="button"
        className="sort-button mantine-focus-auto"
        data-sorted={direction !== 'none'}
        onClick={() => onSort({ id: column.id, desc: direction === 'ascending' })}
      >
        {column.header}
        <Icon size={12} stroke={2} opacity={direction === 'none' ? 0.45 : 1} aria-hidden="true" />
      </button>
    </th>
  );
}
