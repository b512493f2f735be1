/** A tunnel has no direction of its own; a site's page shows it from that site: what is here, what is there. */

export interface Directed<End> {
  readonly a: End & { readonly site: { readonly id: string } };
  readonly b: End & { readonly site: { readonly id: string } };
}

/** The end at `siteId` and the other one. A tunnel that does not touch the site is seen from its `a`. */
export function endsFrom<End>(tunnel: Directed<End>, siteId: string): { readonly near: End; readonly far: End } {
  return tunnel.b.site.id === siteId && tunnel.a.site.id !== siteId
    ? { near: tunnel.b, far: tunnel.a }
    : { near: tunnel.a, far: tunnel.b };
}

/** What `siteId` receives and sends through the tunnel, bits a second. */
export function ratesFrom(
  tunnel: Directed<unknown>,
  rates: { readonly aToBBitsPerSecond: number; readonly bToABitsPerSecond: number },
  siteId: string,
): { readonly received: number; readonly sent: number } {
  return tunnel.b.site.id === siteId && tunnel.a.site.id !== siteId
    ? { received: rates.aToBBitsPerSecond, sent: rates.bToABitsPerSecond }
    : { received: rates.bToABitsPerSecond, sent: rates.aToBBitsPerSecond };
}
