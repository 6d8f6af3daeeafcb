import { describeContract } from '../contract/contract.ts';
import { onPython } from '../python-runtime.ts';

await onPython(describeContract);
