import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { type Manifest, manifestSchema } from '#domain/manifest.ts';
import { describeIssue, type Fault, offsetOf } from './manifest-fault.ts';
import { quoted, rejected } from './rejected.ts';

const MAX_BYTES = 256 * 1024;

/**
 * Reads a `model.yaml`, called `fileName` in messages; empty text is an empty manifest.
 * Fails with `ArtifactRejected`, naming the line: no YAML, an unknown key, a wrong value; over 256 KiB.
 */
export function parseManifest(text: string, fileName: string): Manifest {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_BYTES) {
    throw refused(`${fileName} is ${sizeBytes} bytes; the limit is ${MAX_BYTES}`);
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    logLevel: 'silent',
    prettyErrors: false,
    resolveKnownTags: false,
  });
  const result = read(document)
  if ...
  throw refused(`${fileName} line ${lineCounter.linePos(fault.offset).line}: ${fault.what}`);
}
