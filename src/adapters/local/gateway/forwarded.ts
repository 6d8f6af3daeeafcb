import type { IncomingHttpHeaders } from 'node:http';

/** How a client reaches the gateway: `prefix` is the path before the gateway's own, empty or such as `/ml`. */
export type Front = {
  readonly protocol: 'http' | 'https';
  readonly host: string | undefined;
  readonly prefix: string;
};

const HOST = /^[\w.:[\]-]{1,255}$/;
const PREFIX = /^(\/[\w.~-]{1,100}){1,10}$/;

/**
 * How the client of a proxy in front reaches the gateway, from that proxy's `x-forwarded-proto`, `-host` and `-prefix`, else from the request itself.
 * A client can write these headers too: they decide only which address it is told, and what is malformed counts as absent. A proxy in front replaces them.
 */
export function frontOf(headers: IncomingHttpHeaders): Front {
  const host = one(headers['x-forwarded-host']);
  return {
    protocol: one(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http',
    host: HOST.test(host) ? host : headers.host,
    prefix: prefixIn(one(headers['x-forwarded-prefix'])),
  };
}

function prefixIn(text: string): string {
  if (text === '') return '';
  const bare = text.replace(/\/$/, '');
  return PREFIX.test(bare) && !/\/\.\.?(\/|$)/.test(bare) ? bare : '';
}

/** The first proxy's word, where several have added one. */
function one(value: string | string[] | undefined): string {
  if (value === undefined) return '';
  return value.toString().split(',')[0]?.trim() ?? '';
}
