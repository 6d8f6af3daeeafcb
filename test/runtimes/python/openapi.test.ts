import { describeOpenApi } from '../contract/openapi.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeOpenApi);
