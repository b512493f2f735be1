/** Rows of outside data that say what no RFC allows: what comes out for them instead, and the clause that wants it so. */
const rows: readonly { readonly row: RegExp; readonly clause: string }[] = [
  {
    // Written by hand with flags of attributes that everybody knows (optional bit clear), and a code that nobody has.
    row: /attribute \[0x99 0x[67]0 .*: attribute 153 says that everybody knows it/,
    clause: 'RFC 4271 §6.3: an unrecognized well-known attribute is an error 3/2, and RFC 7606 leaves it one',
  },
  {
    // A pattern of 128 - 120 = 8 bits takes one byte; the row has all sixteen.
    row: /source-ipv6 ::1\/128\/120 .*: its flow rules could not be read/,
    clause: 'RFC 8956 §3.1: a pattern has as many bits as its length without its offset',
  },
];

/** undefined: the difference is ours. */
export function clauseAgainst(difference: string): string | undefined {
  return rows.find(({ row }) => row.test(difference))?.clause;
}
