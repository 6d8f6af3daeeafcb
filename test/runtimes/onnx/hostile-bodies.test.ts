import { describeHostileBodies } from '../contract/hostile-bodies.ts';
import { onnx } from '../onnx-runtime.ts';

describeHostileBodies(onnx);
