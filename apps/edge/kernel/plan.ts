/**
 * The numbers by which everything of ours in the kernel is known: tables, rule priorities, marks, metrics. Whatever
 * carries our protocol number in our tables is ours to change and to remove; nothing else is touched.
 */

export const tunName = 'patronus0';

/** `proto 157` in `ip route` and `ip rule`. */
export const protocol = 157;

export const fabricTable = 51_800;
/** Of uplink number 0; uplink n has the n-th after it. */
export const firstUplinkTable = 51_810;
export const mostUplinks = 64;

export const uplinkTable = (number: number) => firstUplinkTable + number;
/** "PT" and the number: what the uplink's sockets put on their packets. */
export const uplinkMark = (number: number) => 0x5054_0000 + number;

/** Lower is asked first. All stand before main (32766) and behind local (0). */
export const priorities = {
  /** Tunnels leave by their uplink, whatever the main table says. */
  mark: 5_170,
  /** What is more exactly known than a default route (the LANs) goes its usual way, also from an uplink's address. */
  known: 5_174,
  /** Before the uplinks: nothing for another site leaves in the clear, whatever address it carries. */
  fabric: 5_180,
  /** Answers, and the channel to the controller, leave by the uplink whose address they carry. */
  source: 5_185,
} as const;

export const metrics = {
  /** A site's own prefix is never sent into the fabric, whatever covers it. */
  own: 50,
  fabric: 100,
  uplink: 100,
  /** Behind everything: what holds while nothing else does. */
  lastResort: 4_294_967_294,
} as const;
