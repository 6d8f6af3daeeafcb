import { describeLifecycle } from '../contract/lifecycle.ts';
import { onnx } from '../onnx-runtime.ts';

describeLifecycle(onnx);
