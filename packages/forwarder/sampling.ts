// Stand-in until the real one lands.
export function shouldTry(_state: number): boolean {
  return true;
}
export function afterTry(state: number, _from: number, _to: number): number {
  return state;
}
export function afterSkip(state: number): number {
  return state;
}
