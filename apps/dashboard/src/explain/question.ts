/** What a person asks about a flow, as fields hold it and as the address carries it. */
import type { ExplainSearch } from '../search.ts';

export interface QuestionDraft {
  from: string;
  to: string;
  protocol: string;
  port: number | string;
  /** Empty: not said. */
  dscp: string;
  application: string;
}

export function draftOf(search: ExplainSearch): QuestionDraft {
  return {
    ...{ from: search.from ?? '', to: search.to ?? '', protocol: search.protocol ?? '' },
    ...{ port: search.port ?? '', application: search.application ?? '' },
    dscp: search.dscp === undefined ? '' : String(search.dscp),
  };
}

/** Only what was said: an empty field asks about any. */
export function searchOf({ from, to, protocol, port, dscp, application }: QuestionDraft): ExplainSearch {
  return {
    ...(from.trim() && { from: from.trim() }),
    ...(to.trim() && { to: to.trim() }),
    ...(protocol && { protocol }),
    ...(port !== '' && { port: Number(port) }),
    ...(dscp !== '' && { dscp: Number(dscp) }),
    ...(application && { application }),
  };
}

/** A question is one as soon as both ends are named. */
export function isAsked(search: ExplainSearch): search is ExplainSearch & { from: string; to: string } {
  return search.from !== undefined && search.to !== undefined;
}
