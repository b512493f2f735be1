/** The Patronus mark: a shield, and in it four sites joined the way a constellation draws a stag's head. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false">
      <path
        d="M16 2.6 27.4 6.6v8.6c0 6.8-4.7 11.7-11.4 14.2C9.3 26.9 4.6 22 4.6 15.2V6.6Z"
        fill="var(--pt-accent-soft)"
        stroke="var(--pt-accent)"
        strokeWidth="1.6"
        strokeLinejoin="round"
      />
      <path
        d="M10.3 11.2 16 22.3l5.7-11.1-5.7 4Z"
        stroke="var(--pt-accent)"
        strokeWidth="1.3"
        strokeLinejoin="round"
        opacity="0.7"
      />
      <g fill="var(--pt-accent)">
        <circle cx="10.3" cy="11.2" r="2.2" />
        <circle cx="21.7" cy="11.2" r="2.2" />
        <circle cx="16" cy="22.3" r="2.2" />
        <circle cx="16" cy="15.2" r="1.3" />
      </g>
    </svg>
  );
}
