import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { Refusal } from './refusal.ts';

type Known = {
  /** Names of this machine, beside its own, by which a reverse proxy hands requests on. */
  readonly hosts: readonly string[];
  /** Origins whose pages may call models. */
  readonly origins: () => readonly string[];
};

// The port may be missing; the name of an IPv6 address stands in brackets.
const HOST = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/;
const SHOWN_LETTERS = 100;

/**
 * Refuses, with 403, requests of web pages that a browser on this machine shows and that are not its own; undefined for any other request.
 * A page whose host name was pointed at this machine (DNS rebinding) sends that name as its host. Every other page that sends a POST, in whichever content type, sends its origin (https://fetch.spec.whatwg.org/#origin-header).
 */
export function strangers({ hosts, origins }: Known) {
  const names = new Set(hosts);
  // Most requests name the host that the one before them did.
  let known: string | undefined;
  return ({ host, origin }: IncomingHttpHeaders): Refusal | undefined => {
    // A request of HTTP/1.0 may have none; every browser sends one.
    if (host !== undefined && host !== known) {
      if (!isOwn(host, names)) return hostRefused(host);
      known = host;
    }
    if (origin === undefined || origins().includes(origin)) return undefined;
    return isOfOwnPage(origin, host, names) ? undefined : originRefused(origin);
  };
}

/** A name that ends in `.localhost` is this machine to every browser (RFC 6761 §6.3), and nobody can point an address elsewhere. */
function isOwn(host: string, names: ReadonlySet<string>): boolean {
  const [, name = ''] = HOST.exec(host.toLowerCase()) ?? [];
  return (
    name === 'localhost' ||
    isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 ||
    names.has(name) ||
    name.endsWith('.localhost')
  );
}

/** A reverse proxy may hand a request on under another host than the one that its page has. */
function isOfOwnPage(origin: string, host: string | undefined, names: ReadonlySet<string>) {
  const page = URL.parse(origin);
  return page !== null && (page.host === host?.toLowerCase() || names.has(page.hostname));
}

function hostRefused(host: string): Refusal {
  const shown = host.slice(0, SHOWN_LETTERS);
  return {
    status: 403,
    error: `the Host header names ${shown}, which is not a name of this machine`,
    fix: 'call it as 127.0.0.1 or localhost; where a reverse proxy hands on the name that clients use, start Slipway with --allowed-host NAME',
  };
}

function originRefused(origin: string): Refusal {
  return {
    status: 403,
    error: `pages of ${origin.slice(0, SHOWN_LETTERS)} may not call models here`,
    fix: 'start Slipway with --cors-origin ORIGIN to allow the pages of an origin',
  };
}
