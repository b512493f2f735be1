import { MultiSelect, type MultiSelectProps, Select, type SelectProps } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { KeyboardEvent } from 'react';

/**
 * A choice out of a list that is searched by typing. While the list is open Enter takes what the arrows marked, else the
 * first that is found, and sends no form; Tab takes it on the way out. With the text erased either takes the choice back,
 * where there may be none, and closes the list.
 */
export function SearchSelect(props: SelectProps) {
  const { clearable, value, onChange } = props;
  const [isOpen, { open, close }] = useDisclosure(false);
  const takeBack = () => {
    if (clearable && value) onChange?.(null, null as never);
    close();
  };
  return (
    <Select
      searchable
      selectFirstOptionOnChange
      allowDeselect={false}
      nothingFoundMessage="Nothing is called so"
      {...props}
      dropdownOpened={isOpen}
      onDropdownOpen={open}
      onDropdownClose={close}
      onKeyDownCapture={(event) => take(event, takeBack)}
    />
  );
}

/**
 * Several choices out of such a list, by the same keys. The list stays open for the next one; Enter with nothing typed and
 * nothing marked closes it.
 */
export function SearchMultiSelect(props: MultiSelectProps) {
  const [isOpen, { open, close }] = useDisclosure(false);
  return (
    <MultiSelect
      searchable
      clearable
      hidePickedOptions
      selectFirstOptionOnChange
      nothingFoundMessage="Nothing is called so"
      {...props}
      dropdownOpened={isOpen}
      onDropdownOpen={open}
      onDropdownClose={close}
      onKeyDownCapture={(event) => take(event, close)}
    />
  );
}

/**
 * What Enter and Tab do to an open list. Reads it on screen: the component's own mark of the first option is lost when the
 * list is drawn late.
 */
function take(event: KeyboardEvent<HTMLInputElement>, onNothing: () => void) {
  const { key, currentTarget: input, nativeEvent } = event;
  if ((key !== 'Enter' && key !== 'Tab') || nativeEvent.isComposing) return;
  if (input.readOnly || input.ariaExpanded !== 'true') return;
  const list = document.getElementById(input.getAttribute('aria-controls') ?? '');
  const options = [...(list?.querySelectorAll<HTMLElement>('[role="option"]:not([aria-disabled])') ?? [])];
  const marked = options.find((option) => option.hasAttribute('data-combobox-selected'));
  const isByArrows = marked !== undefined && marked.id === input.getAttribute('aria-activedescendant');
  // The first option is marked without text as well; nobody asked for it.
  if (input.value === '' && !isByArrows) onNothing();
  else (marked ?? options.find(({ textContent }) => textContent === input.value) ?? options[0])?.click();
  if (key === 'Enter') {
    event.preventDefault();
    event.stopPropagation();
  }
}
