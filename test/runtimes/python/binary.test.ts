import { describeBinary } from '../contract/binary.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeBinary);
