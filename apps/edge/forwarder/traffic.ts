/** Whether packets of people are under way, from when the forwarder speaks of quality. */

/** Words that follow each other so closely are about tunnels with traffic. */
const trafficWithinMs = 600;

export class TrafficSense {
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Of tunnels that carry something the forwarder tells four times a second, of others every few seconds. */
  heard(atMs: number): boolean {
    const isClose = atMs - this.#lastMs < trafficWithinMs;
    this.#lastMs = atMs;
    return isClose;
  }
}
