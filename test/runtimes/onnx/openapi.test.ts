import { subgraphModel } from '../../support/onnx-models.ts';
import { describeOpenApi } from '../contract/openapi.ts';
import { OCR, onnx, onnxFile } from '../onnx-runtime.ts';

describeOpenApi(onnx, [
  { says: 'a BOOL scalar', model: () => onnxFile(subgraphModel()) },
  { says: 'images', model: async () => OCR },
]);
