import { Select, type SelectProps } from '@mantine/core';
import type { KeyboardEvent } from 'react';

/**
 * A choice out of a list that is searched by typing. While the list is open Enter takes what the arrows marked, else the
 * first that is found, and Tab takes it on the way out; no Enter that is meant for the list sends the form.
 */
export function SearchSelect(props: SelectProps) {
  return (
    <Select
      searchable
      selectFirstOptionOnChange
      allowDeselect={false}
      nothingFoundMessage="Nothing is called so"
      {...props}
      onKeyDownCapture={takeFound}
    />
  );
}

/** Reads the list on screen: the component's own mark of the first option is lost when the list is drawn late. */
function takeFound(event: KeyboardEvent<HTMLInputElement>) {
  const { key, currentTarget: input, nativeEvent } = event;
  if ((key !== 'Enter' && key !== 'Tab') || nativeEvent.isComposing) return;
  if (input.value === '' || input.ariaExpanded !== 'true') return;
  const list = document.getElementById(input.getAttribute('aria-controls') ?? '');
  const options = [...(list?.querySelectorAll<HTMLElement>('[role="option"]:not([aria-disabled])') ?? [])];
  const marked = options.find((option) => option.hasAttribute('data-combobox-selected'));
  (marked ?? options.find(({ textContent }) => textContent === input.value) ?? options[0])?.click();
  if (key !== 'Enter') return;
  event.preventDefault();
  event.stopPropagation();
}
