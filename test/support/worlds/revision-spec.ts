import { RUNTIMES } from '#domain/build/runtime.ts';
import { revisionName } from '#domain/identity.ts';
import type { RevisionSpec } from '#ports/platform.ts';

/** A revision of one small model file, version 1 of `digits` unless `over` says otherwise. */
export function revisionSpec(versionId: string, over: Partial<RevisionSpec> = {}): RevisionSpec {
  const { model = 'digits', version = 1 } = over;
  const file = {
    name: 'digits.onnx',
    key: `models/${model}/digits.onnx`,
    versionId,
    sizeBytes: 40,
    checksum: `sha256:${versionId}`,
  };
  return {
    revision: revisionName(model, version),
    model,
    version,
    team: null,
    deploymentId: 'd1',
    runtime: 'onnx',
    server: RUNTIMES.onnx.server,
    environmentHash: 'e1',
    image: null,
    artifact: { bucket: 'bucket', key: file.key, versionId, parts: [file], manifest: null },
    modelFile: file.name,
    memoryMiB: 512,
    cpuUnits: 1024,
    requestSlots: null,
    instanceTypes: [],
    accelerator: null,
    takesAnyGpu: false,
    allowCpu: false,
    scaling: { min: 1, requestsPerMinute: 600, schedules: [] },
    startupTimeoutSeconds: 600,
    extraColumns: 'ignore',
    ...over,
  };
}
