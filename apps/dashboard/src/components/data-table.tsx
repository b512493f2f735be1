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
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

/** A dense, calm table. Rows keep their identity by `rowId`, so live values change in place. */
export function DataTable<Row extends RowData>(props: DataTableProps<Row>) {
  const { rows, columns, rowId, label, rowTestId } = props;
  const [own, setOwn] = useState<Sorting>();
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
  return (
    <div className="table-scroll">
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Header key={column.id} column={column} sorting={sorting} onSort={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} data-testid={rowTestId?.(row.original)}>
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
        </tbody>
      </table>
    </div>
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
