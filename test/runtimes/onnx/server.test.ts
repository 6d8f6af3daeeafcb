import { describeServer } from '../contract/server.ts';
import { onnx } from '../onnx-runtime.ts';

describeServer(onnx);
