/** Names the kernel takes for an interface, checked before they reach a path, an ioctl or a socket option. */

/** 1 to 15 printable ASCII characters without `/`, `:` or space; not `.` or `..` (the kernel's dev_valid_name, narrowed). */
export function isInterfaceName(name: string): boolean {
  return /^[!-.0-9;-~]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** The name as a zero-terminated field of 16 bytes (IFNAMSIZ). Throws a RangeError for a name the kernel would refuse. */
export function interfaceNameBytes(name: string): Uint8Array<ArrayBuffer> {
  if (!isInterfaceName(name)) {
    throw new RangeError(`${JSON.stringify(name)} is no interface name: use 1 to 15 letters, digits, "-", "_" or "."`);
  }
  const field = new Uint8Array(new ArrayBuffer(16));
  for (let at = 0; at < name.length; at++) field[at] = name.charCodeAt(at);
  return field;
}
