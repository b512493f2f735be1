/** What happened to sessions, as far as people want to hear of it: since when, and why. Pure. */
import type { SpeakerNews } from '@patronus/bgp';

export interface Words {
  /** For people, wherever they look; else for the log. */
  readonly isNotice: boolean;
  readonly code: string;
  readonly message: string;
}

export class Sessions {
  readonly #since = new Map<string, number>();
  readonly #overLimit = new Set<string>();

  hear(news: SpeakerNews, wallMs: number): void {
    if (news.kind === 'state') {
      this.#since.set(news.neighbour, wallMs);
      if (news.to === 'Established') this.#overLimit.delete(news.neighbour);
    }
    if (news.kind === 'prefixWarning' && news.isExceeded) this.#overLimit.add(news.neighbour);
  }

  /** When it came into its state, ms since 1970; undefined: it was always in its first. */
  sinceOf(neighbour: string): number | undefined {
    return this.#since.get(neighbour);
  }

  isOverLimit(neighbour: string): boolean {
    return this.#overLimit.has(neighbour);
  }

  /**
   * What telemetry tells as well is for the edge's log alone: alarms are made of it. Failures to connect come again and
   * again, and are in telemetry only.
   */
  wordsOf(news: SpeakerNews, nameOf: (neighbour: string) => string): Words | undefined {
    switch (news.kind) {
      case 'state':
        if (news.to !== 'Established') return undefined;
        return { isNotice: false, code: 'BGP_UP', message: `BGP with ${nameOf(news.neighbour)} is established` };
      case 'down':
        return {
          ...{ isNotice: false, code: 'BGP_DOWN' },
          message: `BGP with ${nameOf(news.neighbour)} is down: ${news.reason}`,
        };
      case 'prefixWarning': {
        const { neighbour, count, most, family, isExceeded } = news;
        const than = isExceeded ? 'more than' : 'close to';
        return {
          ...{ isNotice: !isExceeded, code: isExceeded ? 'BGP_MAX_PREFIX' : 'BGP_MANY_PREFIXES' },
          message: `${nameOf(neighbour)} brings ${count} prefixes of ${family}, ${than} the ${most} that are allowed`,
        };
      }
      case 'failed':
      case 'refused':
        return undefined;
    }
  }
}
