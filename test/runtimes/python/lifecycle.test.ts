import { describeLifecycle } from '../contract/lifecycle.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeLifecycle);
