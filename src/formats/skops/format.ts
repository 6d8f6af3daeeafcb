import { ESTIMATORS } from '#domain/artifact/estimator-modules.ts';
import type { FormatPage } from '#domain/artifact/format-page.ts';

export const skops = {
  runtime: 'python',
  folder: null,
  files: [{ what: 'a skops archive', endings: ['.skops'], hint: /^504b0304/ }],
  brings: 'data',
  conversion: { to: 'trees' },
  isAwaited: true,
  imports: [...ESTIMATORS, 'skops.io'],
  docs: { reads: 'the same, from its tree of types', servedBy: 'ONNX or Python' },
} as const satisfies FormatPage;
