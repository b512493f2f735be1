/** A site by the name a person typed, or by its id. */
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';

const document = 'query FindSite($name: String!) { siteByName(name: $name) { id name } }';
const schema = z.object({ siteByName: z.object({ id: z.string(), name: z.string() }).nullable() });

/** Fails with a sentence that says how to see the names there are. */
export async function findSite(name: string): Promise<{ id: string; name: string }> {
  const { siteByName } = await query(document, { name }, schema);
  if (siteByName === null)
    throw new CliError(`there is no site "${name}"; \`patronus site list\` shows them`, 1, 'NOT_FOUND');
  return siteByName;
}
