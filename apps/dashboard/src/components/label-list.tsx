import { ActionIcon, NumberInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconX } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { SearchSelect } from './search-select.tsx';

interface LabelListProps<Item> {
  readonly label: string;
  readonly hint: string;
  readonly items: readonly Item[];
  readonly labelOf: (item: Item) => string;
  readonly make: (label: string) => Item;
  /** Labels that some uplink has. */
  readonly known: readonly string[];
  readonly onChange: (items: Item[]) => void;
  readonly error?: ReactNode;
  readonly isOrdered?: boolean;
  readonly extra?: (item: Item, change: (item: Item) => void) => ReactNode;
}

/** Uplink labels, one a row; in an order that the arrows change, or with something beside each. */
export function LabelList<Item>(props: LabelListProps<Item>) {
  const { label, hint, items, labelOf, make, known, onChange, error, isOrdered = false, extra } = props;
  const [search, setSearch] = useState('');
  const rest = known.filter((one) => !items.some((item) => labelOf(item) === one));
  const move = (from: number, to: number) => onChange(items.toSpliced(from, 1).toSpliced(to, 0, items[from]!));
  return (
    <fieldset className="label-list">
      <legend>{label}</legend>
      <p className="form-note">{hint}</p>
      {items.length > 0 && (
        <ol>
          {items.map((item, index) => {
            const name = labelOf(item);
            return (
              <li key={name}>
                {isOrdered && <span className="numeric muted">{index + 1}</span>}
                <strong className="grow clip">{name}</strong>
                {extra?.(item, (next) => onChange(items.with(index, next)))}
                {isOrdered && (
                  <>
                    <ActionIcon
                      aria-label={`${name} earlier`}
                      disabled={index === 0}
                      onClick={() => move(index, index - 1)}
                    >
                      <IconArrowUp size={15} />
                    </ActionIcon>
                    <ActionIcon
                      aria-label={`${name} later`}
                      disabled={index === items.length - 1}
                      onClick={() => move(index, index + 1)}
                    >
                      <IconArrowDown size={15} />
                    </ActionIcon>
                  </>
                )}
                <ActionIcon
                  aria-label={`Leave out ${name}`}
                  onClick={() => onChange(items.filter((_, at) => at !== index))}
                >
                  <IconX size={15} />
                </ActionIcon>
              </li>
            );
          })}
        </ol>
      )}
      {(rest.length > 0 || items.length === 0) && (
        <SearchSelect
          aria-label={`${label}: add an uplink`}
          placeholder="Add an uplink label"
          data={rest}
          value={null}
          error={error}
          // The choice goes to the list and not into the field.
          onChange={(next) => {
            setSearch('');
            if (next) onChange([...items, make(next)]);
          }}
          searchValue={search}
          onSearchChange={setSearch}
          searchable={rest.length > 8}
        />
      )}
    </fieldset>
  );
}

interface Weighted {
  readonly label: string;
  readonly weight: number;
}

/** The weight beside a label, with the share it comes to. */
export function Weight({
  item,
  all,
  onChange,
}: {
  item: Weighted;
  all: readonly Weighted[];
  onChange: (item: Weighted) => void;
}) {
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  return (
    <>
      <NumberInput
        size="xs"
        w={76}
        aria-label={`Weight of ${item.label}`}
        min={1}
        max={100}
        clampBehavior="strict"
        value={item.weight}
        onChange={(weight) => onChange({ ...item, weight: Number(weight) || 1 })}
      />
      <span className="numeric muted label-share">{Math.round((item.weight / total) * 100)} %</span>
    </>
  );
}
