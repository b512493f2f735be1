/** Over a slow line: how long do transfers take with compression, of the time they take without? */
export async function compression(_say: (text: string) => void): Promise<object> {
  return {};
}
