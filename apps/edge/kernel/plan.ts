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

/**
 * "PB", six bits of the uplink's number below eight of the policy's: on connections that break out to the internet. The
 * packets carry the connection's mark, and rules look at the uplink's bits alone.
 */
export const breakoutMark = (uplinkNumber: number, policyNumber = 0) =>
  0x5042_0000 + (policyNumber << 6) + uplinkNumber;
export const breakoutMasks = { any: 0xffff_c000, uplink: 0xffff_c03f, policy: 0x3fc0 } as const;
/** "PD" on packets that are refused a little later, with the reason: a policy's no, or no uplink that would do. */
export const refusedMarks = { denied: 0x5044_0000, noUplink: 0x5044_0001 } as const;
/** Our own table of nftables, in the family `inet`. */
export const filterTable = 'patronus';
/** Where copies of DNS answers go, `log group` of nftables, so many bytes of each (EDNS answers have 1,232 and less). */
export const dnsLog = { group: 20_052, longestPacket: 1500 } as const;

/** Lower is asked first. All stand before main (32766) and behind local (0). */
export const priorities = {
  /** Tunnels leave by their uplink, whatever the main table says. */
  mark: 5_170,
  /** What breaks out is for no prefix of the fabric (but for a default route through it) and for no LAN; … */
  breakoutFabric: 5_171,
  breakoutKnown: 5_172,
  /** … then it leaves by the uplink of its mark. */
  breakout: 5_173,
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
  /** What a router of the site brought, before the same from another site. */
  lan: 60,
  fabric: 100,
  uplink: 100,
  /** Behind everything: what holds while nothing else does. */
  lastResort: 4_294_967_294,
} as const;
