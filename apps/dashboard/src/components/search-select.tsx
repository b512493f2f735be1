import { Select, type SelectProps } from '@mantine/core';
import type { KeyboardEvent } from 'react';

/**
 * A choice out of a list that is searched by typing. While the list is open Enter takes what the arrows marked, else the
 * first that is found, and sends no form; Tab takes it on the way out. With the text erased either takes the choice back,
 * where there may be none.
 */
export function SearchSelect(props: SelectProps) {
  const { clearable, value, onChange } = props;
  const takeBack = () => clearable && value && onChange?.(null, null as never);
  return (
    <Select
      searchable
      selectFirstOptionOnChange
      allowDeselect={false}
      nothingFoundMessage="Nothing is called so"
      {...props}
      onKeyDownCapture={(event) => take(event, takeBack)}
    />
  );
}

/** Reads the list on screen: the component's own mark of the first option is lost when the list is drawn late. */
function take(event: KeyboardEvent<HTMLInputElement>, takeBack: () => void) {
  const { key, currentTarget: input, nativeEvent } = event;
  if ((key !== 'Enter' && key !== 'Tab') || nativeEvent.isComposing || input.ariaExpanded !== 'true') return;
  const list = document.getElementById(input.getAttribute('aria-controls') ?? '');
  const options = [...(list?.querySelectorAll<HTMLElement>('[role="option"]:not([aria-disabled])') ?? [])];
  const marked = options.find((option) => option.hasAttribute('data-combobox-selected'));
  const isByArrows = marked !== undefined && marked.id === input.getAttribute('aria-activedescendant');
  // The first option is marked without text as well; nobody asked for it.
  if (input.value === '' && !isByArrows) takeBack();
  else {
    (marked ?? options.find(({ textContent }) => textContent === input.value) ?? options[0])?.click();
    if (key === 'Enter') event.preventDefault();
  }
  if (key === 'Enter') event.stopPropagation();
}
