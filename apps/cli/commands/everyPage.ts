/** A whole list of the API, page by page. */
import { z } from 'zod';
import { query } from '../controller.ts';

/** `document` has the variable `$after` and the one root field `field`, a connection of `node`s. */
export async function everyPage<T>(
  document: string,
  field: string,
  node: z.ZodType<T>,
  variables: Readonly<Record<string, unknown>> = {},
  most = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const connection = z.object({
    edges: z.array(z.object({ node })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  });
  const schema = z.object({ [field]: connection }) as z.ZodType<Record<string, z.infer<typeof connection>>>;
  const nodes: T[] = [];
  let after: string | null = null;
  do {
    const { edges, pageInfo }: z.infer<typeof connection> = (await query(document, { ...variables, after }, schema))[
      field
    ]!;
    nodes.push(...edges.map((edge) => edge.node));
    after = pageInfo.hasNextPage && nodes.length < most ? pageInfo.endCursor : null;
  } while (after !== null);
  return nodes.slice(0, most);
}
