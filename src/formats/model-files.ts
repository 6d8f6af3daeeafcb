import type { Format } from '#domain/format.ts';
import type { ArtifactFile } from './artifact-file.ts';
import { isLitter } from './folder.ts';
import { HEAD_BYTES, type KnownFormat, recognise } from './known-formats.ts';

/** A file that is a model by its name or its first bytes; without `format` one that is not served. */
export type ModelFile = {
  readonly file: ArtifactFile;
  readonly format: Format | null;
  /** What it is and what to do, where it is not served. */
  readonly foreign: KnownFormat | null;
};

const BY_NAME: readonly (readonly [RegExp, Format])[] = [
  [/\.onnx$/i, 'onnx'],
  [/\.skops$/i, 'skops'],
  [/\.(pkl|pickle|joblib)(\.(gz|z|bz2|xz|lzma|lz4))?$/i, 'sklearn'],
  [/\.(ubj|bst|xgb)$|(^|\/)xgboost-model$/i, 'xgboost'],
  [/\.(lgb|lgbm|lightgbm)$/i, 'lightgbm'],
  [/\.(cbm|cb)$/i, 'catboost'],
];

// What only its first bytes tell, in hex: `{"learner"` and the same in UBJSON, `binf`, `tree\nversion=`, `CBM1`, a pickle's protocol.
const BY_HEAD: readonly (readonly [RegExp, Format])[] = [
  [/^(7b(09|0a|0d|20)*22|7b4c0{14}07)6c6561726e6572|^(62696e66|62733634)/, 'xgboost'],
  [/^74726565(0d)?0a76657273696f6e3d/, 'lightgbm'],
  [/^43424d31/, 'catboost'],
  [/^800[2-5]/, 'sklearn'],
];
const TOLD_BY_HEAD = /\.(json|txt|model|bin|dat|deprecated|old)$|(^|\/)[^/.]+$/i;
const NEVER =
  /(^|\/)(README|LICENSE|NOTICE|Makefile|MLmodel)$|requirements[^/]*\.txt$|\.(md|rst|py|ipynb|yaml|yml|toml|csv|parquet|png|jpe?g)$/i;
const MAX_OPENED = 50;

/** The models among the files of an artifact. Opened are only those whose names tell nothing, the first fifty. */
export async function modelFiles(files: readonly ArtifactFile[]): Promise<readonly ModelFile[]> {
  const found: ModelFile[] = [];
  let opened = 0;
  for (const file of files) {
    if (isLitter(file.name) || NEVER.test(file.name)) continue;
    const [, byName] = BY_NAME.find(([pattern]) => pattern.test(file.name)) ?? [];
    if (byName) {
      found.push({ file, format: byName, foreign: null });
      continue;
    }
    const isOpened = TOLD_BY_HEAD.test(file.name) && opened < MAX_OPENED;
    if (isOpened) opened += 1;
    const head = isOpened ? await headOf(file) : new Uint8Array();
    const told = formatIn(head);
    const foreign = told ? undefined : recognise(file.name, head);
    if (told) found.push({ file, format: told, foreign: null });
    else if (foreign) found.push({ file, format: null, foreign });
  }
  return found;
}

async function headOf(file: ArtifactFile): Promise<Uint8Array> {
  return (await file.open()).read(0, HEAD_BYTES);
}

function formatIn(head: Uint8Array): Format | undefined {
  const hex = Buffer.from(head).toString('hex');
  return BY_HEAD.find(([pattern]) => pattern.test(hex))?.[1];
}
