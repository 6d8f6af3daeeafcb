import type { IncomingMessage } from 'node:http';
import { refusal } from './refusal.ts';
import type { S3Key } from './s3-keys.ts';

/** A request as it was signed: its path and its query decoded once, its headers by lower-case names, each value in one text. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, readonly string[]>>;
  readonly headers: Readonly<Record<string, string>>;
};

/** The bucket and the key that a request names; both are empty where it names neither. */
export type Named = { readonly bucket: string; readonly key: string };

/** A signed request, by the holder of `caller`. */
export type S3Request = Asked & Named & { readonly caller: S3Key };

/** Reads the head of a request. Fails with `InvalidURI` where its path or its query is not valid UTF-8 after decoding, or does not begin with a slash. */
export function readAsked({ method = '', url = '', rawHeaders }: IncomingMessage): Asked {
  const [rawPath = '', ...rest] = url.split('?');
  if (!rawPath.startsWith('/')) throw uriRefused();
  return {
    method,
    path: decoded(rawPath),
    query: readQuery(rest.join('?')),
    headers: readHeaders(rawHeaders),
  };
}

function readQuery(text: string): Record<string, string[]> {
  const query: Record<string, string[]> = Object.create(null);
  for (const each of text.split('&').filter(Boolean)) {
    const [name = '', ...value] = each.split('=').map((part) => part.replaceAll('+', ' '));
    const values = query[decoded(name)] ?? [];
    values.push(decoded(value.join('=')));
    query[decoded(name)] = values;
  }
  return query;
}

/** Node gives the bytes of a header as Latin-1; clients sign them as UTF-8. */
function readHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at < raw.length; at += 2) {
    const name = String(raw[at]).toLowerCase();
    const value = Buffer.from(String(raw[at + 1]), 'latin1')
      .toString()
      .trim();
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  }
  return headers;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw uriRefused();
  }
}

function uriRefused() {
  return refusal('InvalidURI', "Couldn't parse the specified URI.");
}

/** The bucket, and the names by which this machine is called besides its own. */
type Naming = { readonly bucket: string; readonly hosts: readonly string[] };

/**
 * The bucket and the key of a request, in path style, or in host style where the host is `BUCKET.NAME`, and is not itself a name of this machine.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function namedIn({ path, headers }: Asked, { bucket, hosts }: Naming): Named {
  const host = headers['host']?.toLowerCase().replace(/:\d+$/, '') ?? '';
  const isOwnName = hosts.some((name) => name.toLowerCase() === host);
  if (host.startsWith(`${bucket}.`) && !isOwnName) return { bucket, key: path.slice(1) };
  const [, name = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { bucket: name, key };
}

/** The only value of a parameter; undefined where it is missing. */
export function parameter({ query }: Pick<Asked, 'query'>, name: string): string | undefined {
  const [value, ...others] = query[name] ?? [];
  if (others.length > 0) throw refusal('InvalidArgument', `${name} stands more than once.`);
  return value;
}
