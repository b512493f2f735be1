/** Kernel parameters an edge needs: forwarding, and no reverse-path filter that drops what another uplink carries. */
import {
  enableForwarding,
  readSysctl,
  reversePathFilter,
  setReversePathFilter,
  writeSysctl,
} from '@patronus/system/linux';
import { messageOf } from '../errors.ts';

/** Sets what is not so already; what could not be set, in words that say what to do. */
export function settleParameters(interfaces: readonly string[]): string[] {
  const complaints: string[] = [];
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      complaints.push(messageOf(error));
    }
  };
  attempt(enableForwarding);
  for (const name of interfaces) {
    attempt(() => {
      if (reversePathFilter(name) === 'strict' && setReversePathFilter(name, 'loose') === 'strict') {
        complaints.push(`${name} filters by strict reverse path; set net.ipv4.conf.${name}.rp_filter=2`);
      }
    });
    attempt(() => {
      // A forwarding host heeds router advertisements only when told 2; an uplink's IPv6 may depend on them.
      const path = `net/ipv6/conf/${name}/accept_ra`;
      if (readSysctl(path) === '1') writeSysctl(path, 2);
    });
  }
  // A machine without IPv6, or an interface that just went: nothing to set.
  return complaints.filter((complaint) => !complaint.includes('ENOENT'));
}
