/** `10 / 12`, with a small bar a tunnel as long as there are few enough to count. */
export function TunnelMeter({ up, total }: { up: number; total: number }) {
  return (
    <span className="meter">
      <span className="numeric">
        {up} <span className="muted">/ {total}</span>
      </span>
      {total > 0 && total <= 16 && (
        <span className="meter-track" aria-hidden="true">
          {Array.from({ length: total }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the bars stand for a count, not for tunnels
            <i key={index} data-up={index < up} />
          ))}
        </span>
      )}
    </span>
  );
}
