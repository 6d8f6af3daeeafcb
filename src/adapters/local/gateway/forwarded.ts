import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** How a client reaches the gateway: `prefix` is the path before the gateway's own, empty or such as `/ml`. */
export type Front = {
  readonly protocol: 'http' | 'https';
  readonly host: string | undefined;
  readonly prefix: string;
};

export type FrontOf = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => Front;

const HOST = /^[\w.:[\]-]{1,255}$/;
const PREFIX = /^(\/[\w.~-]{1,100}){1,10}$/;

/**
 * How the client of a proxy in front reaches the gateway: by that proxy's `x-forwarded-proto`, `-host` and `-prefix`, or by its `Forwarded` (RFC 7239), else by the request itself.
 * Only trusted addresses are believed: this machine's own, and `trusted`, which are addresses or networks such as `10.0.0.0/8`. Where several proxies have added a value, the one of the outermost trusted proxy counts: values before it are claims of a client. A malformed header counts as absent.
 */
export function frontFor(trusted: readonly string[]): FrontOf {
  const isTrusted = trustIn(trusted);
  return ({ headers, socket }) => {
    const own = { protocol: protocolOf(socket), host: headers.host, prefix: '' };
    if (!isForwarded(headers) || !isTrusted(socket.remoteAddress ?? '')) return own;
    const forwarded = outermost(headers.forwarded, isTrusted);
    const hops = listOf(headers['x-forwarded-for']).map(addressOf);
    const believed = hops.length - hops.findLastIndex((hop) => !isTrusted(hop));
    const said = (name: string) => {
      const values = listOf(headers[name]);
      return values.at(-Math.min(believed, values.length)) ?? '';
    };
    const host = said('x-forwarded-host') || forwarded['host'] || '';
    const protocol = said('x-forwarded-proto') || forwarded['proto'];
    return {
      protocol: protocol === 'https' ? 'https' : own.protocol,
      host: HOST.test(host) ? host : own.host,
      prefix: prefixIn(said('x-forwarded-prefix')),
    };
  };
}

/**
 * The address of a request's client: by `X-Forwarded-For` or `Forwarded` of trusted proxies the nearest one that is not trusted, else that of the connection. Null once that is closed.
 * Addresses before that one are claims of the client (RFC 7239 §8.1), and text that is no address counts as absent.
 */
export function clientAddressFor(
  trusted: readonly string[],
): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string | null {
  const isTrusted = trustIn(trusted);
  return ({ headers, socket }) => {
    const peer = socket.remoteAddress?.replace(/^::ffff:/, '') ?? null;
    if (peer === null || !isTrusted(peer)) return peer;
    const hops = listOf(headers['x-forwarded-for']).map(addressOf);
    const nearest =
      hops.findLast((hop) => !isTrusted(hop)) ??
      addressOf(outermost(headers.forwarded, isTrusted)['for'] ?? '');
    return isIP(nearest) === 0 ? peer : nearest;
  };
}

/** How the last connection was made. */
export function protocolOf(socket: object): 'http' | 'https' {
  return 'encrypted' in socket ? 'https' : 'http';
}

/** Nearly every request has none of these. */
function isForwarded(headers: IncomingHttpHeaders): boolean {
  return (
    headers.forwarded !== undefined ||
    headers['x-forwarded-proto'] !== undefined ||
    headers['x-forwarded-host'] !== undefined ||
    headers['x-forwarded-prefix'] !== undefined
  );
}

/** Whether an address is one of this machine, or of `trusted`: addresses and networks. */
export function trustIn(trusted: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const each of ['127.0.0.0/8', '::1', ...trusted]) {
    const [address = '', bits] = each.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Whether `trusted` of `frontFor` may have it: an IP address, or a network as address and bits. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (most === -1 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

type Element = Readonly<Record<string, string>>;

/** The element of `Forwarded` that the outermost trusted proxy has added: `for` names the address before it. */
function outermost(header: string | undefined, isTrusted: (address: string) => boolean): Element {
  const elements = elementsOf(header ?? '');
  const at = elements.findLastIndex((element) => !isTrusted(addressOf(element['for'] ?? '')));
  return elements[Math.max(at, 0)] ?? {};
}

// Lenient as proxies are: a host with a port needs quotes, and many write none.
const PAIR = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))\s*([;,]|$)/y;

/** Empty where any part of it is malformed, or named twice. */
function elementsOf(header: string): readonly Element[] {
  const elements: Record<string, string>[] = [{}];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < header.length) {
    const [, name = '', quoted, plain = '', end] = PAIR.exec(header) ?? [];
    const element = elements.at(-1);
    const key = name.toLowerCase();
    if (key === '' || !element || Object.hasOwn(element, key)) return [];
    element[key] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
    if (end === ',') elements.push({});
  }
  return elements;
}

/** An address without its port: `[2001:db8::1]:80`, `192.0.2.1:80`. */
function addressOf(node: string): string {
  const [, inner] = /^\[([^\]]*)\](?::\d+)?$/.exec(node) ?? [];
  return inner ?? node.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

function listOf(value: string | string[] | undefined): readonly string[] {
  return (value?.toString() ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function prefixIn(text: string): string {
  if (text === '') return '';
  const bare = text.replace(/\/$/, '');
  return PREFIX.test(bare) && !/\/\.\.?(\/|$)/.test(bare) ? bare : '';
}
