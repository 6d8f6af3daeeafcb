import { describeTables } from '../contract/tables.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeTables);
