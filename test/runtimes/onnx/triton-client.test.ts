import { describeTritonClient } from '../contract/triton-client.ts';
import { onnx } from '../onnx-runtime.ts';

await describeTritonClient(onnx);
