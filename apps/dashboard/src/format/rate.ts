/** Rates for people: decimal units, three significant digits, so that a column of them stays narrow and calm. */

const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'] as const;

export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

/** `bitsPerSecond` in the largest unit that keeps it at or above 1. What is not a positive number counts as nothing. */
export function rateParts(bitsPerSecond: number): Quantity {
  if (!(bitsPerSecond >= 1)) return { value: '0', unit: units[0] };
  let scaled = bitsPerSecond;
  let unit = 0;
  // 999.5 rounds to 1000, which belongs to the next unit.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return { value: threeDigits(scaled, unit === 0), unit: units[unit] ?? units[0] };
}

export function formatRate(bitsPerSecond: number): string {
  const { value, unit } = rateParts(bitsPerSecond);
  return `${value} ${unit}`;
}

function threeDigits(value: number, whole: boolean): string {
  if (whole || value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** Share in percent, 0 to 100. Small losses stay visible: only a true zero is written as 0 %. */
export function formatPercent(percent: number | null | undefined): string {
  if (percent === null || percent === undefined) return '–';
  if (percent === 0) return '0 %';
  if (percent < 0.1) return '< 0.1 %';
  return `${percent.toFixed(percent >= 9.95 ? 0 : 1)} %`;
}
