import { Link } from '@tanstack/react-router';

/** A site's name, leading to its page. */
export function SiteLink({ site }: { site: { readonly id: string; readonly name: string } }) {
  return (
    <Link to="/sites/$siteId" params={{ siteId: site.id }} className="link">
      {site.name}
    </Link>
  );
}
