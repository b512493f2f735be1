/** Code points by the names of RFC 2474 (CS), RFC 2597 (AF), RFC 3246 (EF), RFC 5865 (VA) and RFC 8622 (LE). */

const named: ReadonlyMap<number, string> = new Map([
  [1, 'LE'],
  [44, 'VA'],
  [46, 'EF'],
  ...Array.from({ length: 8 }, (_, index) => [index * 8, `CS${index}`] as const),
  ...[1, 2, 3, 4].flatMap((group) => [1, 2, 3].map((drop) => [group * 8 + drop * 2, `AF${group}${drop}`] as const)),
]);

/** `EF`, `AF41`, or the number where it has no name. */
export function dscpName(point: number): string {
  return named.get(point) ?? String(point);
}

/** `46 · EF` for every code point, those with a name first. */
export const dscpChoices: readonly { readonly value: string; readonly label: string }[] = Array.from(
  { length: 64 },
  (_, point) => point,
)
  .sort((a, b) => Number(named.has(b)) - Number(named.has(a)) || a - b)
  .map((point) => {
    const name = named.get(point);
    return { value: String(point), label: name ? `${point} · ${name}` : String(point) };
  });
