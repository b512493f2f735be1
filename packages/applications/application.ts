/** An application as it is known from outside: by port, by address, by name. The same shape as `Application` of @patronus/fabric. */

export interface PortRange {
  /** TCP or UDP. */
  readonly protocol: 6 | 17;
  readonly first: number;
  readonly last: number;
}

/** Any of these makes it known. A name also stands for what is below it: `zoom.us` for `eu01web.zoom.us`. */
export interface Application {
  readonly id: string;
  readonly name: string;
  readonly ports: readonly PortRange[];
  readonly prefixes: readonly string[];
  readonly names: readonly string[];
}
