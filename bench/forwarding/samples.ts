/**
 * What people send, taken from what every checkout has: documentation and data of the installed packages, and HTML made
 * from that documentation as a site would make it. Random bytes come from a seed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const kinds = ['json', 'text', 'html', 'random'] as const;
export type Kind = (typeof kinds)[number];

const root = fileURLToPath(new URL('../../node_modules', import.meta.url));
const MOST_FILE = 400_000;

/** As much of each as there is, for transfers long enough that their beginnings do not count. */
const lengths: Readonly<Record<Kind, number>> = {
  json: 4_400_000,
  text: 3_400_000,
  html: 3_400_000,
  random: 4_000_000,
};

/** Some of each kind. Nothing is repeated; it throws where too little is installed. */
export function samples(): Record<Kind, Buffer> {
  const text = gather('.md', lengths.text);
  return {
    json: gather('.json', lengths.json),
    text,
    html: enough(Buffer.from(renderAsSite(text.toString())), lengths.html, 'html'),
    random: random(lengths.random),
  };
}

/** The contents of files with this ending, in the order of their names, none twice. */
function gather(ending: string, length: number): Buffer {
  const seen = new Set<string>();
  const parts: Buffer[] = [];
  let total = 0;
  const visit = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (total >= length) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && entry.name.endsWith(ending) && statSync(path).size <= MOST_FILE) {
        const content = readFileSync(path);
        const hash = createHash('sha256').update(content).digest('hex');
        if (seen.has(hash)) continue;
        seen.add(hash);
        parts.push(content);
        total += content.length;
      }
    }
  };
  visit(root);
  return enough(Buffer.concat(parts), length, ending);
}

function enough(bytes: Buffer, length: number, what: string): Buffer {
  if (bytes.length < length) throw new Error(`bench: only ${bytes.length} bytes of ${what} are installed here`);
  return bytes.subarray(0, length);
}

function renderAsSite(markdown: string): string {
  const plain = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const inline = (text: string) =>
    plain(text)
      .replace(/`([^`]+)`/g, '<code class="inline">$1</code>')
      .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2" rel="noopener">$1</a>');
  const line = (text: string) => {
    const heading = /^(#+)\s+(.*)$/.exec(text);
    if (heading !== null) {
      const level = Math.min(6, heading[1]!.length);
      const id = heading[2]!.toLowerCase().replace(/[^a-z0-9]+/g, '-');
      return `<h${level} id="${id}" class="heading"><a class="anchor" href="#${id}">${inline(heading[2]!)}</a></h${level}>`;
    }
    if (/^\s*[-*]\s/.test(text)) return `<li class="item">${inline(text.replace(/^\s*[-*]\s/, ''))}</li>`;
    return text.trim() === '' ? '' : `<p class="text">${inline(text)}</p>`;
  };
  return markdown.split('\n').map(line).join('\n');
}

/** SHA-256 in counter mode: the same in every run, and no compressor's friend. */
function random(length: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(length / 32) * 32);
  for (let at = 0; at < bytes.length; at += 32) createHash('sha256').update(`sample ${at}`).digest().copy(bytes, at);
  return bytes.subarray(0, length);
}
