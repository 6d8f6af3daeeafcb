import { describeInferProtocol } from '../contract/infer-protocol.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeInferProtocol);
