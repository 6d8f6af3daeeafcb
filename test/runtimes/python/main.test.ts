import { describeMain } from '../contract/main.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeMain);
