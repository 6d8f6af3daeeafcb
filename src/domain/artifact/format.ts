import { RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import { FORMATS as PAGES } from '#formats/index.ts';
import type { FormatPage } from './format-page.ts';

/** A format that Slipway serves, as the manifest and the registry name it. */
export type Format = keyof typeof PAGES;

/** Formats whose model is one file. */
export type FileFormat = {
  [Name in Format]: (typeof PAGES)[Name]['folder'] extends null ? Name : never;
}[Format];

/** The description of a format. */
export function pageOf(format: Format): FormatPage {
  return PAGES[format];
}

function isFormat(name: string): name is Format {
  return Object.hasOwn(PAGES, name);
}

export const FORMATS: readonly Format[] = Object.keys(PAGES).filter(isFormat);

export function isFileFormat(name: string): name is FileFormat {
  return isFormat(name) && pageOf(name).folder === null;
}

export function isFolderFormat(format: Format): boolean {
  return !isFileFormat(format);
}

type Loaded = {
  readonly format: Format;
  readonly data?: { readonly format: Format };
  readonly language?: object | undefined;
  readonly pipeline?: { readonly isTokenMade?: boolean };
};

/** The runtime that loads the model as it was saved. */
export function runtimeOf({ format, data }: Loaded): RuntimeName {
  const asData = data && pageOf(data.format).asData;
  return asData?.runtime ?? pageOf(format).runtime;
}

/** Why a build does not try to convert it to ONNX; undefined where it does. A language model generates in a loop, which is not one graph. */
export function unconvertedBecause({
  format,
  data,
  language,
  pipeline,
}: Loaded): string | undefined {
  if (language) return 'it is a language model, which is more than one pass through a graph';
  if (pipeline?.isTokenMade) return 'transformers makes its tokenizer';
  if (data && pageOf(data.format).asData) return undefined;
  const { conversion } = pageOf(format);
  return conversion.to === null ? conversion.because : undefined;
}

/** Whether a build tries to convert it to ONNX. */
export function isConvertible(loaded: Loaded): boolean {
  return unconvertedBecause(loaded) === undefined;
}

/** Whether a build loads and proves it with Python packages. */
export function needsPython(format: Format): boolean {
  return RUNTIMES[pageOf(format).runtime].takesPackages;
}

/** The format of the bytes that are loaded: that of a folder's own data, else the artifact's. */
export function loadedAs({ format, data }: Pick<Loaded, 'format' | 'data'>): Format {
  return data?.format ?? format;
}
