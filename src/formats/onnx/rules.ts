import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { domainOf, type OnnxModel } from './model.ts';

// The newest versions that onnxruntime 1.30.0 loads, found by trying each; it refuses the next.
const NEWEST_IR_VERSION = 13;
const NEWEST_OPSETS: Readonly<Record<string, number>> = {
  'ai.onnx': 26,
  'ai.onnx.ml': 5,
  'com.microsoft': 1,
};

/** Refuses a model that the runtime would not load: incomplete, too new, or with unsupported operators. */
export function refuseUnservable(file: string, model: OnnxModel): void {
  refuseIncomplete(file, model);
  refuseTooNew(file, model);
  refuseUnknownOperators(file, model);
}

function refuseIncomplete(file: string, { irVersion, graphs, opsets, outputs }: OnnxModel): void {
  const missing =
    (irVersion < 1 && 'IR version') ||
    (graphs === 0 && 'graph') ||
    (opsets.length === 0 && 'operator set') ||
    (outputs.length === 0 && 'output');
  if (!missing) return;
  throw rejected(
    `${file} has no ${missing}, which every ONNX model has`,
    'Export the model again, and upload the whole file.',
  );
}

function refuseTooNew(file: string, { irVersion, opsets }: OnnxModel): void {
  if (irVersion > NEWEST_IR_VERSION) {
    throw rejected(
      `${file} has ONNX IR version ${irVersion}; this version runs up to ${NEWEST_IR_VERSION}`,
      `Save the model with an ir_version of at most ${NEWEST_IR_VERSION}.`,
    );
  }
  for (const { domain, version } of opsets) {
    const newest = NEWEST_OPSETS[domain] ?? version;
    if (version <= newest) continue;
    throw rejected(
      `${file} needs operator set ${version} of ${domain}; this version runs up to ${newest}`,
      `Export the model again with the operator set ${newest} of ${domain}, or an older one.`,
    );
  }
}

function refuseUnknownOperators(file: string, { operators, functions }: OnnxModel): void {
  const unknown = [...operators].find(
    (operator) => !functions.has(operator) && !Object.hasOwn(NEWEST_OPSETS, domainOf(operator)),
  );
  if (unknown === undefined) return;
  throw rejected(
    `${file} uses the operator ${quoted(unknown)}; this version runs those of ${Object.keys(NEWEST_OPSETS).join(', ')}`,
    `Replace it with standard operators, put it in the model as a local function, or ${BY_CODE}.`,
  );
}
