import { describeHostileBodies } from '../contract/hostile-bodies.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeHostileBodies);
