import { passwordStrength, type Strength } from '../format/password.ts';

const looks: Readonly<Record<Strength, { bars: number; tone: string; hint: string }>> = {
  'too short': { bars: 1, tone: 'down', hint: 'at least 12 characters' },
  weak: { bars: 1, tone: 'down', hint: 'easy to guess; add words' },
  fair: { bars: 2, tone: 'warn', hint: 'fair; one more word makes it strong' },
  strong: { bars: 3, tone: 'up', hint: 'strong' },
};

/** How hard the password would be to guess, in bars and in words. */
export function PasswordHint({ password }: { password: string }) {
  const { bars, tone, hint } = looks[passwordStrength(password)];
  return (
    <output className="strength" data-tone={tone}>
      <span className="strength-bar" aria-hidden="true">
        {[1, 2, 3].map((bar) => (
          <i key={bar} data-on={password !== '' && bar <= bars} />
        ))}
      </span>
      {hint}
    </output>
  );
}
