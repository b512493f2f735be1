/**
 * Every name the lab gives to something in the kernel.
 *
 * All begin with `pt`, and those of one lab with `pt<lab>-`, so that cleaning up can go by name and never touches what
 * is not ours. A lab's name has no hyphen, so no lab's prefix begins another's.
 */
import { exitCodes, LabError } from './errors.ts';

/** Longest interface name Linux takes (IFNAMSIZ less the closing zero). */
export const maxInterfaceName = 15;

export const labNamePattern = /^[a-z][a-z0-9]{0,7}$/;
export const siteNamePattern = /^[a-z][a-z0-9-]{0,30}$/;
export const hostNamePattern = /^[a-z][a-z0-9]{0,14}$/;
export const uplinkLabelPattern = /^[a-z][a-z0-9]{0,12}$/;
export const interfaceNamePattern = /^pt[a-z0-9]{1,13}$/;

/** The address-space slot names one lab's namespaces and its cable to the root namespace. */
export function checkLabName(name: string): string {
  if (labNamePattern.test(name)) return name;
  throw new LabError(
    'lab.bad_name',
    `"${name}" is no name for a lab: use one to eight of a-z and 0-9, beginning with a letter, such as "lab" or "demo2"`,
    exitCodes.usage,
  );
}

/** All namespaces of the lab begin with this. */
export const namespacePrefix = (lab: string) => `pt${lab}-`;
/** The namespace that plays the internet: a router between all provider ranges. */
export const coreNamespace = (lab: string) => `${namespacePrefix(lab)}core`;
/** The namespace every uplink's wire passes through, where it can be spoilt. */
export const wiresNamespace = (lab: string) => `${namespacePrefix(lab)}wires`;
export const gatewayNamespace = (lab: string, site: string) => `${namespacePrefix(lab)}${site}`;
export const hostNamespace = (lab: string, site: string, host: string) => `${namespacePrefix(lab)}${site}-${host}`;

/** Names a site may not have, because its gateway's namespace would be one of the lab's own. */
export const reservedSiteNames: readonly string[] = ['core', 'wires'];

/** The root namespace's end of the cable to the core; edges reach the controller through it. */
export const controlInterface = (lab: string) => `ptctl-${lab}`;
/** The core's end of that cable. */
export const coreControlInterface = 'ptctl';
/** The bridge in a gateway that its LAN hosts hang on. */
export const lanInterface = 'ptlan';
export const lanPort = (host: number) => `ptlan${host + 1}`;
export const hostInterface = 'ptlan';
export const coreUplinkInterface = (index: number) => `ptup${index}`;

/** The two inner ends of an uplink's wire and the bridge that joins them while no relay does. */
export const wireNames = (index: number) => ({
  site: `ptw${index}site`,
  core: `ptw${index}core`,
  bridge: `ptw${index}`,
  table: `ptw${index}`,
});
