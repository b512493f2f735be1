/** A rough, honest measure of a new password: length and variety. The controller decides; this only hints. */

export type Strength = 'too short' | 'weak' | 'fair' | 'strong';

/** What the controller accepts at least. */
export const minimumPasswordLength = 12;

const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/] as const;
const bitsPerKind = [0, 4.7, 5.2, 5.7, 6.2] as const;

export function passwordStrength(password: string): Strength {
  if (password.length < minimumPasswordLength) return 'too short';
  // Repeats and short alphabets add length without adding much to guess.
  const distinct = new Set(password).size;
  const perCharacter = bitsPerKind[kinds.filter((kind) => kind.test(password)).length] ?? 0;
  const bits = Math.min(password.length, distinct * 2) * perCharacter;
  if (bits < 55) return 'weak';
  return bits < 85 ? 'fair' : 'strong';
}
