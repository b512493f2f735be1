const kinds = [
  { state: 'UP', active: true, label: 'Up, in use', tone: 'up' },
  { state: 'UP', active: false, label: 'Up, standby', tone: 'up' },
  { state: 'DOWN', active: false, label: 'Down', tone: 'down' },
  { state: 'CONNECTING', active: false, label: 'Connecting', tone: 'warn' },
  { state: 'UNKNOWN', active: false, label: 'Unknown', tone: 'idle' },
] as const;

/** What the lines mean: each state has a stroke of its own, not only a colour. */
export function MapKey() {
  return (
    <div className="topology-key" aria-hidden="true">
      {kinds.map(({ state, active, label, tone }) => (
        <span key={label}>
          <svg width="26" height="8" aria-hidden="true">
            <g className="tunnel" data-state={state} data-active={active} data-tone={tone}>
              <path className="tunnel-stroke" d="M1 4H25" />
            </g>
          </svg>
          {label}
        </span>
      ))}
    </div>
  );
}
