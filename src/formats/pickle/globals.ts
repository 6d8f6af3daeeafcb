import { BY_CODE } from '#domain/artifact/ways-out.ts';
import allowed from '#formats/data/pickle-globals.json' with { type: 'json' };
import refused from '#formats/data/pickle-refused.json' with { type: 'json' };
import { quoted, rejected } from '#formats/rejected.ts';
import { adviceForLibrary, libraryAmong } from './library-packages.ts';
import type { Global, Uses } from './values.ts';

const MAX_UNKNOWN = 100;
const MAX_LISTED = 5;
// The same limit as for a name in a manifest.
const LONGEST_NAME = 200;

type Names = Readonly<Record<string, readonly string[]>>;

type Found = { readonly does: 'loads' | 'calls' | 'makes'; readonly position: number };

/** The classes and functions in one artifact's pickles: which may be named, and which were named but may not be. */
export type PickleGlobals = {
  /** The global that a pickle names at a byte. An unknown one is recorded, and may not be used at all. */
  find(module: string, name: string, position: number): Global;
  /** Records a known global that is used as models never use it. */
  misuse(global: Global, does: 'calls' | 'makes', position: number): void;
  /** Fails with `ArtifactRejected`, listing every global found that may not be loaded, if there is any; with `isLost`, only if one of them can never be allowed. */
  refuseUnknown(isLost?: boolean): void;
  /** The packages of the names recorded so far, by their top-level modules, without Python's own. */
  foreignRoots(): readonly string[];
  /** The recorded classes and functions that a notebook or script defined, by their names there, in order. */
  ofScript(): readonly string[];
  /** True once a parameter search was named, which keeps the source of its parameters beside the model that it found. */
  hasSearch(): boolean;
};

// Python 2's names, which Python 3 translates when it reads a Python 2 pickle.
const RENAMED: Readonly<Record<string, string>> = {
  __builtin__: 'builtins',
  copy_reg: 'copyreg',
};

const NO_USE: Uses = { call: false, make: false, fill: false };
const EVERY_USE: Uses = { call: true, make: true, fill: false };

const KNOWN: ReadonlyMap<string, Uses> = known();

/** `extra` are the names that the manifest allows besides the known ones; `absent` are those of them whose module was not found. */
export function pickleGlobals(
  file: string,
  extra: readonly string[],
  absent: readonly string[] = [],
): PickleGlobals {
  const unknown = new Map<string, Found>();
  const trusted = new Set(extra.filter(isAllowable));
  let hasSearch = false;
  const refused = () => refusal(file, unknown, { trusted, hasSearch });
  const note = (name: string, found: Found) => {
    if (!unknown.has(name)) unknown.set(name, found);
    if (unknown.size > MAX_UNKNOWN) throw refused();
  };

  return {
    find(written, name, position) {
      const module = RENAMED[written] ?? written;
      const full = `${module}.${name}`;
      hasSearch ||= full.startsWith(SEARCHES);
      const isTrusted = trusted.has(full) && !name.includes('.');
      if (isTrusted && absent.includes(full))
        throw withoutModule(`${file}: its pickle loads ${quoted(full)} at byte ${position}`, full);
      const uses = isTrusted ? EVERY_USE : KNOWN.get(keyOf(module, name));
      if (!uses) note(full, { does: 'loads', position });
      return { kind: 'global', module, name: full, uses: uses ?? NO_USE };
    },
    misuse: ({ name }, does, position) => note(name, { does, position }),
    refuseUnknown(isLost = false) {
      const said = [...unknown.keys()].filter((name) => !isLost || !isAllowable(name));
      if (said.length > 0) throw refused();
    },
    foreignRoots: () => {
      const foreign = [...unknown.keys()].filter(
        (name) => isAllowable(name) || PICKLERS.has(rootOf(name)),
      );
      return [...new Set(foreign.map(rootOf))];
    },
    ofScript: () => ofScript([...unknown.keys()]),
    hasSearch: () => hasSearch,
  };
}

// Python's name for the module that it was started with.
const SCRIPT = '__main__.';

/** The names among these that a notebook or script defined: `Net`. */
export function ofScript(names: readonly string[]): readonly string[] {
  const own = names.filter((name) => name.startsWith(SCRIPT) && isAllowable(name));
  return [...new Set(own.map((name) => rootOf(name.slice(SCRIPT.length))))].sort();
}

const SEARCHES = 'sklearn.model_selection._search';

/** The object to save instead of a search. */
export const SAVE_BEST = 'save what the search has found, its `best_estimator_`, with joblib.dump';

/** True for a name that a manifest may allow: not in Python's own modules, and not a function that loads or runs other code. */
export function isAllowable(full: string): boolean {
  const [root = ''] = full.split('.');
  if (
    full.length > LONGEST_NAME ||
    !/^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)+$/u.test(full)
  )
    return false;
  if (refused.exceptions.includes(full)) return true;
  return !MODULES.has(root) && !PREFIXES.some((prefix) => `${full}.`.startsWith(`${prefix}.`));
}

// These are never allowed, yet they are packages that code needs to load such a pickle.
const PICKLERS: ReadonlySet<string> = new Set(['cloudpickle', 'dill']);
const MODULES: ReadonlySet<string> = new Set([...refused.standardLibrary, ...refused.modules]);
const PREFIXES: readonly string[] = refused.names;

function known(): ReadonlyMap<string, Uses> {
  const uses = new Map<string, Uses>();
  const add = (names: Names, use: Partial<Uses>) => {
    for (const [module, list] of Object.entries(names)) {
      for (const name of list) {
        const key = keyOf(module, name);
        uses.set(key, { ...(uses.get(key) ?? NO_USE), ...use });
      }
    }
  };
  add(allowed.value, {});
  add(allowed.new, { make: true });
  add(allowed.call, { call: true });
  add(allowed.fill, { fill: true });
  return uses;
}

/** True for a name that appears in models of known frameworks, however it is used. */
export function isKnownName(module: string, name: string): boolean {
  return KNOWN.has(keyOf(module, name));
}

/** True for a class of compiled objects whose own `__setstate__` takes a tuple of numbers and arrays. */
export function takesTuple({ name }: Global): boolean {
  return TUPLES.has(name);
}

const TUPLES: ReadonlySet<string> = new Set(
  Object.entries(allowed.tuple).flatMap(([module, names]) =>
    names.map((name) => `${module}.${name}`),
  ),
);

/** The top-level modules or packages that models of known frameworks name. */
export const KNOWN_ROOTS: ReadonlySet<string> = new Set([...KNOWN.keys()].map(rootOf));

/** The top-level module of a name. */
export function rootOf(full: string): string {
  return full.split(/[. ]/, 1)[0] ?? '';
}

/** The failure for a name that the manifest allows, whose module is missing; `loads` says where it is named. */
export function withoutModule(loads: string, name: string) {
  const root = rootOf(name);
  return rejected(
    `${loads}, and there is no module \`${root}\``,
    `Put ${root}.py beside it, or name its package in model.yaml: \`build.requirements\`.`,
  );
}

// A name may contain dots: `a.b` in `c` is not `b` in `c.a`.
function keyOf(module: string, name: string): string {
  return `${module} ${name}`;
}

type Around = { readonly trusted: ReadonlySet<string>; readonly hasSearch: boolean };

function refusal(
  file: string,
  unknown: ReadonlyMap<string, Found>,
  { trusted, hasSearch }: Around,
) {
  const [first, ...rest] = [...unknown].sort(
    ([a], [b]) => Number(isAllowable(a)) - Number(isAllowable(b)),
  );
  const [name = '', { does, position } = { does: 'loads', position: 0 }] = first ?? [];
  const others = rest.map(([other]) => other);
  const library = libraryAmong([name, ...others].map(rootOf));
  const ofGensim = [...unknown.keys()].find((each) => rootOf(each) === 'gensim');
  if (ofGensim !== undefined) {
    return rejected(
      `${file} is of gensim: its pickle loads ${quoted(ofGensim)}, which can run any code`,
      `Only gensim reads it, with the files that lie beside it: ${BY_CODE}.`,
    );
  }
  return rejected(
    `${file}: its pickle ${does} ${quoted(name)} at byte ${position}${alsoNamed(others)}, which is not among what models of known frameworks do`,
    fixOf(name, [...trusted, name, ...others], { hasSearch, library }),
  );
}

/** ` (and …)`: the first few names, and how many more there are. */
export function alsoNamed(others: readonly string[]): string {
  const named = others.slice(0, MAX_LISTED).map(quoted);
  const more = others.length - named.length;
  const words = [...named, ...(more > 0 ? [`${more} more`] : [])];
  return words.length > 0 ? ` (and ${words.join(', ')})` : '';
}

type Known = { readonly hasSearch: boolean; readonly library: string | undefined };

function fixOf(name: string, all: readonly string[], { hasSearch, library }: Known): string {
  if (name.startsWith(SCRIPT)) {
    return 'It was defined in a notebook or script, where no server finds it: move it to a module of its own and save the model again, or upload the code with a predict.py.';
  }
  const mayBeAllowed = isAllowable(name);
  if (library !== undefined && !hasSearch) {
    const never = 'It can run any code when it is loaded, so it is never allowed. ';
    return `${mayBeAllowed ? '' : never}${adviceForLibrary(library)}`;
  }
  if (!mayBeAllowed) {
    const save = hasSearch ? SAVE_BEST : 'save the fitted model itself with joblib.dump';
    return `It can run any code when it is loaded, so it is never allowed: ${save}, convert it to ONNX, or ${BY_CODE}.`;
  }
  return fixByAllowing(all);
}

/** The manifest lines, ready to paste, that allow all of these to be loaded. */
export function fixByAllowing(names: readonly string[]): string {
  const list = [...new Set(names)].join(', ');
  return `If you trust all of it and its packages are among the requirements, say so in model.yaml: \`model: { allowPickle: [${list}] }\`.`;
}
