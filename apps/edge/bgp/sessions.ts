/** What happened to sessions, as far as people want to hear of it: since when, and why. Pure. */
import type { SpeakerNews } from '@patronus/bgp';

export interface Words {
  readonly code: string;
  readonly message: string;
}

export class Sessions {
  readonly #since = new Map<string, number>();
  /** How many prefixes it brought. */
  readonly #overLimit = new Map<string, number>();

  hear(news: SpeakerNews, wallMs: number): void {
    if (news.kind === 'state') {
      this.#since.set(news.neighbour, wallMs);
      if (news.to === 'Established') this.#overLimit.delete(news.neighbour);
    }
    if (news.kind === 'prefixWarning' && news.isExceeded) this.#overLimit.set(news.neighbour, news.count);
  }

  /** When it came into its state, ms since 1970; undefined: it was always in its first. */
  sinceOf(neighbour: string): number | undefined {
    return this.#since.get(neighbour);
  }

  /** How many prefixes it brought, more than it may; undefined: it did not, or has been back since. */
  overLimit(neighbour: string): number | undefined {
    return this.#overLimit.get(neighbour);
  }

  /** For the edge's log: alarms are made of telemetry. Failures to connect come again and again, and are there only. */
  wordsOf(news: SpeakerNews, nameOf: (neighbour: string) => string): Words | undefined {
    switch (news.kind) {
      case 'state':
        if (news.to !== 'Established') return undefined;
        return { code: 'BGP_UP', message: `BGP with ${nameOf(news.neighbour)} is established` };
      case 'down':
        return { code: 'BGP_DOWN', message: `BGP with ${nameOf(news.neighbour)} is down: ${news.reason}` };
      case 'prefixWarning': {
        const { neighbour, count, most, family, isExceeded } = news;
        const than = isExceeded ? 'more than' : 'close to';
        return {
          code: isExceeded ? 'BGP_MAX_PREFIX' : 'BGP_MANY_PREFIXES',
          message: `${nameOf(neighbour)} brings ${count} prefixes of ${family}, ${than} the ${most} that are allowed`,
        };
      }
      case 'failed':
      case 'refused':
        return undefined;
    }
  }
}
