import type { Router } from '#ports/router.ts';

/** The subject of a request's URL: a model's endpoint or one revision's test path, and `rest`, the path and query for its server. */
export type Place = {
  readonly kind: 'model' | 'candidate';
  readonly name: string;
  readonly rest: string;
};

/** The addresses of a Router below the gateway's origin. */
export const ADDRESSES = {
  route: (model) => `/models/${model}`,
  testPath: ({ revision }) => `/_candidate/${revision}`,
} as const satisfies Pick<Router, 'route' | 'testPath'>;

/** The prefix of the paths that the model's server sees. */
export function prefixOf({ kind, name }: Place): string {
  return `/${kind === 'model' ? 'models' : '_candidate'}/${name}`;
}

/** Whether a request is for the model's own address or its documents, in which its server says how to call it. */
export function isOwnAddress({ rest }: Place): boolean {
  return OWN_ADDRESS.test(rest);
}

const OWN_ADDRESS = /^\/(docs\/?)?(\?|$)/;

// The absolute form of a URL, which clients send to a proxy, must be understood too (RFC 9112 §3.2.2).
const PLACE = /^(?:https?:\/\/[^/?#]*)?\/(models|_candidate)\/([a-z0-9-]+)(\/[^?]*)?(\?.*)?$/;

/**
 * Parses the raw URL of a request line; undefined when it names neither.
 * Nothing is decoded or normalised: the first segment after the prefix is the name, and the rest goes to the server unchanged, so no `..` leads to another model.
 */
export function readPlace(url: string): Place | undefined {
  const [, prefix, name, path = '/', query = ''] = PLACE.exec(url) ?? [];
  if (name === undefined) return undefined;
  return { kind: prefix === 'models' ? 'model' : 'candidate', name, rest: path + query };
}
