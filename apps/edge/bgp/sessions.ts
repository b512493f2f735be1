/** What happened to sessions, as far as people want to hear of it: since when, and why. Pure. */
import type { SpeakerNews } from '@patronus/bgp';

export interface Notice {
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

  /** Failures to connect come again and again: they are told in telemetry alone. */
  noticeOf(news: SpeakerNews, nameOf: (neighbour: string) => string): Notice | undefined {
    switch (news.kind) {
      case 'state':
        return news.to === 'Established'
          ? { code: 'BGP_UP', message: `BGP with ${nameOf(news.neighbour)} is established` }
          : undefined;
      case 'down':
        return { code: 'BGP_DOWN', message: `BGP with ${nameOf(news.neighbour)} is down: ${news.reason}` };
      case 'prefixWarning': {
        const { neighbour, count, most, family, isExceeded } = news;
        const words = isExceeded ? 'more than' : 'close to';
        return {
          code: isExceeded ? 'BGP_MAX_PREFIX' : 'BGP_MANY_PREFIXES',
          message: `${nameOf(neighbour)} brings ${count} prefixes of ${family}, ${words} the ${most} that are allowed`,
        };
      }
      case 'failed':
      case 'refused':
        return undefined;
    }
  }
}
