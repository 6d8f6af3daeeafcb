import { describeTritonClient } from '../contract/triton-client.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeTritonClient);
