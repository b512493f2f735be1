import { Button, Group } from '@mantine/core';

export interface Cursor {
  readonly after?: string;
  readonly before?: string;
}

interface PagingProps {
  /** One of them, and more of them: `decision`, `decisions`. */
  readonly words: readonly [one: string, more: string];
  readonly total: number;
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly onGo: (cursor: Cursor) => void;
}

/** How many there are in all, and the way to the older and newer ones. */
export function Paging({ words: [one, more], total, pageInfo, onGo }: PagingProps) {
  const { hasNextPage, hasPreviousPage, startCursor, endCursor } = pageInfo;
  return (
    <div className="card-head card-foot">
      <span className="muted numeric">
        {total} {total === 1 ? one : more}
      </span>
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          disabled={!hasPreviousPage}
          onClick={() => startCursor && onGo({ before: startCursor })}
        >
          Newer
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={!hasNextPage}
          onClick={() => endCursor && onGo({ after: endCursor })}
        >
          Older
        </Button>
      </Group>
    </div>
  );
}
