import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** A file of the console as a browser gets it. `etag` changes with its bytes. */
export type ConsoleFile = {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
};

/** The files of `console/` by their paths in it, and the packages they need as `lib/NAME.js`. Each is made ready when it is first asked for, and again once it was changed. */
export type ConsoleFiles = {
  file(path: string): ConsoleFile | undefined;
  /** A module and all that it imports, so that a page can have a browser load them at once. */
  modules(path: string): readonly string[];
};

const FOLDER = new URL('../../console/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
};

/** Modules of packages that browsers run as they are, by the names that the console imports. */
const PACKAGES: Readonly<Record<string, string>> = {
  preact: import.meta.resolve('preact'),
  'preact/hooks': import.meta.resolve('preact/hooks'),
  htm: import.meta.resolve('htm'),
  'htm/preact': import.meta.resolve('htm/preact'),
};

const IMPORT = /\b((?:from|import)\s*)(["'])([^"'\n]+)\2/g;
/** An import or export of types alone, of which nothing is left in a browser. */
const TYPE_IMPORT = /\b(?:import|export)\s+type\s[^;]*?\bfrom\s*(["'])[^"'\n]+\1/g;

export function consoleFiles(): ConsoleFiles {
  const made = new Map<string, { readonly file: ConsoleFile; readonly mtimeMs: number }>();
  // Only what is there is read, whatever a path says.
  const sources = new Map([
    ...readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
      .filter((path) => posix.extname(path) in TYPES)
      .map((path) => [path, new URL(path, FOLDER)] as const),
    ...Object.entries(PACKAGES).map(([name, url]) => [libraryOf(name), new URL(url)] as const),
  ]);

  function file(path: string): ConsoleFile | undefined {
    const source = sources.get(path);
    if (!source) return undefined;
    const { mtimeMs } = statSync(source);
    const known = made.get(path);
    if (known?.mtimeMs === mtimeMs) return known.file;
    const file = ready(path, source);
    made.set(path, { file, mtimeMs });
    return file;
  }

  function modules(path: string): readonly string[] {
    const all = [path];
    for (const each of all) {
      const source = sources.get(each);
      // The types stay in it: to take them off all modules would keep the first page waiting.
      const code = source ? readFileSync(source, 'utf8').replaceAll(TYPE_IMPORT, '') : '';
      for (const [, , , name = ''] of code.matchAll(IMPORT)) {
        const imported = name in PACKAGES ? libraryOf(name) : posix.join(posix.dirname(each), name);
        if (sources.has(imported) && !all.includes(imported)) all.push(imported);
      }
    }
    return all;
  }

  return { file, modules };
}

function ready(path: string, source: URL): ConsoleFile {
  const bytes = readFileSync(fileURLToPath(source));
  const extension = posix.extname(path);
  const sent = extension === '.ts' || extension === '.js' ? moduleOf(path, bytes) : bytes;
  return {
    type: TYPES[extension] ?? 'application/octet-stream',
    bytes: sent,
    gzip: gzipSync(sent, { level: 9 }),
    etag: `"${createHash('sha256').update(sent).digest('base64url').slice(0, 22)}"`,
  };
}

/** A module without its types, whose packages are named by their paths: a browser knows no others. */
function moduleOf(path: string, bytes: Buffer): Buffer {
  const code = path.endsWith('.ts') ? withoutTypes(bytes.toString()) : bytes.toString();
  const up = '../'.repeat(path.split('/').length - 1);
  return Buffer.from(
    code.replaceAll(IMPORT, (whole, keyword, quote, name) =>
      name in PACKAGES ? `${keyword}${quote}${up}${libraryOf(name)}${quote}` : whole,
    ),
  );
}

function libraryOf(name: string): string {
  return `lib/${name.replaceAll('/', '-')}.js`;
}

/** Node warns once that this is new, on the terminal of a user who can do nothing about it. */
function withoutTypes(code: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return module.stripTypeScriptTypes(code);
  } finally {
    process.emitWarning = emitWarning;
  }
}
