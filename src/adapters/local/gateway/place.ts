/** What a request's URL asks for: a model's endpoint or one revision's test path, and `rest`, the path and query that its server sees. */
export type Place = {
  readonly kind: 'model' | 'candidate';
  readonly name: string;
  readonly rest: string;
};

/** What stands before the paths that the model's server sees. */
export function prefixOf({ kind, name }: Place): string {
  return `/${kind === 'model' ? 'models' : '_candidate'}/${name}`;
}

/** Whether a request is for the model's own address, or its documents, where its server says how it is called. */
export function isOwnAddress({ rest }: Place): boolean {
  return OWN_ADDRESS.test(rest);
}

const OWN_ADDRESS = /^\/(docs\/?)?(\?|$)/;

// A proxy's form of the URL, with scheme and host, must be understood too (RFC 9112 §3.2.2).
const PLACE = /^(?:https?:\/\/[^/?#]*)?\/(models|_candidate)\/([a-z0-9-]+)(\/[^?]*)?(\?.*)?$/;

/**
 * Reads the raw URL of a request line; undefined when it names neither.
 * Nothing is decoded or normalised: the first segment after the prefix is the name, and what follows is the server's as it came, so no `..` leads to another model.
 */
export function readPlace(url: string): Place | undefined {
  const [, prefix, name, path = '/', query = ''] = PLACE.exec(url) ?? [];
  if (name === undefined) return undefined;
  return { kind: prefix === 'models' ? 'model' : 'candidate', name, rest: path + query };
}
