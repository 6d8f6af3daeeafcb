import { describeInvocations } from '../contract/invocations.ts';
import { onnx } from '../onnx-runtime.ts';

describeInvocations(onnx);
