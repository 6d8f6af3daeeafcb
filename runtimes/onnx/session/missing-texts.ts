import { closeSync, fstatSync, openSync } from 'node:fs';
import type { MissingTexts } from '../values/tensors.ts';
import { placesIn, windowOn } from './mapped-weights.ts';
import { tagOf, textIn } from './protobuf.ts';

// The field of a ModelProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
const METADATA = 14;
const MISSING = 'slipway.missing_texts';
const UNREAD = 'slipway.unread_columns';

/**
 * The text that stands for a missing value in the columns of texts of a model that Slipway has converted
 * (runtimes/python/slipway_server/conversion/missing_texts.py); undefined for any other. Throws on bytes that are not a ModelProto.
 */
export function missingTexts(path: string): MissingTexts | undefined {
  const said = propertyOf(path, MISSING);
  return said === undefined ? undefined : JSON.parse(said);
}

/** The names of the columns that such a model drops, so that any value will do in them. Throws as `missingTexts` does. */
export function unreadColumns(path: string): ReadonlySet<string> {
  return new Set(JSON.parse(propertyOf(path, UNREAD) ?? '[]'));
}

function propertyOf(path: string, name: string): string | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const source = windowOn(file, size);
    for (const { tag, start, end } of placesIn(source, 0, size)) {
      const entry = tag === tagOf(METADATA) ? source(start, end) : undefined;
      if (entry && textIn(entry, 1) === name) return textIn(entry, 2);
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}
