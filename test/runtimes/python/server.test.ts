import { describeServer } from '../contract/server.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeServer);
