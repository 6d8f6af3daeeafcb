import { describeTables } from '../contract/tables.ts';
import { onnx } from '../onnx-runtime.ts';

describeTables(onnx);
