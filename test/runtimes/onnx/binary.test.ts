import { describeBinary } from '../contract/binary.ts';
import { onnx } from '../onnx-runtime.ts';

describeBinary(onnx);
